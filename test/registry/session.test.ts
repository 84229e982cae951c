/** Our client of registries against registries that ask for credentials, send it elsewhere, lie, or never come to an end. */
import { createHash } from 'node:crypto';
import { describe, expect, test } from 'vitest';
import type { RegistryAuth } from '../../src/providers/provider.ts';
import { readAnswer } from '../../src/registry/http.ts';
import { registryAddress } from '../../src/registry/policy.ts';
import { openRegistry, type RegistrySession } from '../../src/registry/session.ts';
import { putManifest, uploadBlob } from '../../src/registry/upload.ts';
import { type Answer, json, type StubRegistry, stubRegistry, wantsBearer } from '../support/stub-registry.ts';

const loopback = { hosts: [], loopback: true };
const ann: RegistryAuth = { username: 'ann', password: 'secret' };
const basic = `Basic ${Buffer.from('ann:secret').toString('base64')}`;

const session = (host: string, auth: RegistryAuth | null, more: { signal?: AbortSignal } = {}): RegistrySession =>
  openRegistry({
    ...{ policy: loopback, domain: host, auth, scope: 'repository:team/app:pull,push' },
    signal: more.signal ?? AbortSignal.timeout(10_000),
  });
/** The status of a question to it. */
async function ask(registry: StubRegistry, auth: RegistryAuth | null): Promise<number | undefined> {
  const answer = await session(registry.host, auth).send({ method: 'GET', path: '/v2/' });
  answer.destroy();
  return answer.statusCode;
}
const sha256 = (bytes: Buffer) => `sha256:${createHash('sha256').update(bytes).digest('hex')}`;

describe('a registry that wants a credential', () => {
  /** Gives a token to ann, and to whoever has the refresh token. */
  const tokens: Answer = (request, response) => {
    const realm = `http://${response.req.headers.host}/token?realm=own`;
    if (!request.line.includes('/token')) {
      if (request.authorization === 'Bearer t1') return response.writeHead(200).end();
      return wantsBearer(response, realm);
    }
    const form = new URLSearchParams(request.body);
    if (request.authorization === basic) return json(response, 200, { token: 't1' });
    if (form.get('refresh_token') === 'r1') return json(response, 200, { access_token: 't1' });
    return json(response, 401, { errors: [] });
  };

  test('by a token gets one from its realm, for the repository at hand and nothing else', async () => {
    await using registry = await stubRegistry(tokens);
    expect(await ask(registry, ann)).toBe(200);
    const [first, asked, second] = registry.asked;
    expect([first?.authorization, second?.authorization]).toEqual([undefined, 'Bearer t1']);
    expect(asked).toMatchObject({ authorization: basic });
    expect(asked?.line).toBe('GET /token?realm=own&service=stub&scope=repository%3Ateam%2Fapp%3Apull%2Cpush');
  });

  test('asks for it once in a session, and again when it has run out', async () => {
    let valid = 0;
    await using registry = await stubRegistry((request, response) => {
      if (request.line.includes('/token')) return json(response, 200, { token: `t${++valid}` });
      if (request.authorization === `Bearer t${valid}` && valid > 0) return response.writeHead(200).end();
      wantsBearer(response, `http://${response.req.headers.host}/token`);
    });
    const open = session(registry.host, null);
    const status = async () => {
      const answer = await open.send({ method: 'GET', path: '/v2/' });
      answer.destroy();
      return answer.statusCode;
    };
    expect([await status(), await status(), valid]).toEqual([200, 200, 1]);
    valid += 1;
    expect([await status(), valid]).toEqual([200, 3]);
  });

  test('takes an identity token as a refresh token, in a form and not in the address', async () => {
    await using registry = await stubRegistry(tokens);
    expect(await ask(registry, { identityToken: 'r1' })).toBe(200);
    expect(registry.asked[1]?.line).toBe('POST /token?realm=own');
    expect(Object.fromEntries(new URLSearchParams(registry.asked[1]?.body))).toEqual({
      ...{ grant_type: 'refresh_token', refresh_token: 'r1', service: 'stub', client_id: 'longshore' },
      scope: 'repository:team/app:pull,push',
    });
  });

  test.each<[string, RegistryAuth | null]>([
    ['a wrong password', { username: 'ann', password: 'wrong' }],
    ['a wrong identity token', { identityToken: 'r2' }],
    ['nobody', null],
  ])('refuses %s', async (_, auth) => {
    await using registry = await stubRegistry(tokens);
    await expect(ask(registry, auth)).rejects.toMatchObject({ code: 'forbidden' });
  });

  test('by a password gets it, and only once it has asked', async () => {
    await using registry = await stubRegistry(({ authorization }, response) => {
      if (authorization === basic) return response.writeHead(200).end();
      response.writeHead(401, { 'www-authenticate': 'Basic realm="stub"' }).end();
    });
    expect(await ask(registry, ann)).toBe(200);
    expect(registry.asked.map(({ authorization }) => authorization)).toEqual([undefined, basic]);
    await expect(ask(registry, { username: 'ann', password: 'wrong' })).rejects.toMatchObject({ code: 'forbidden' });
    await expect(ask(registry, null)).rejects.toMatchObject({ code: 'forbidden' });
    await expect(ask(registry, { identityToken: 'r1' })).rejects.toMatchObject({ code: 'forbidden' });
  });

  test.each(['', 'Negotiate', 'Digest realm="stub"'])(
    'in a way that is not known is refused: %j',
    async (challenge) => {
      await using registry = await stubRegistry((_, response) => {
        response.writeHead(401, challenge === '' ? {} : { 'www-authenticate': challenge }).end();
      });
      await expect(ask(registry, ann)).rejects.toMatchObject({ code: 'forbidden' });
      expect(registry.asked.map(({ authorization }) => authorization)).toEqual([undefined]);
    },
  );

  test('gives no token, or something else instead of one', async () => {
    for (const body of [{}, { token: 7 }, 'token']) {
      await using registry = await stubRegistry((request, response) => {
        if (request.line.includes('/token')) return json(response, 200, body);
        wantsBearer(response, `http://${response.req.headers.host}/token`);
      });
      await expect(ask(registry, ann)).rejects.toMatchObject({ code: 'unavailable' });
    }
  });
});

describe('nobody else is spoken to', () => {
  /** Somebody on the machine whom no tenant is to reach. */
  const inside: Answer = (_, response) => json(response, 200, { token: 'stolen' });

  test.each([
    ['another port of the loopback address', (host: string) => `http://${host}/token`],
    ['the same with TLS', (host: string) => `https://${host}/token`],
    ['a name that leads there', (host: string) => `https://${host.replace('127.0.0.1', 'localhost')}/token`],
    ['a number that is the address', (host: string) => `https://${host.replace('127.0.0.1', '2130706433')}/token`],
    ['the address in IPv6', (host: string) => `https://${host.replace('127.0.0.1', '[::ffff:127.0.0.1]')}/token`],
    ['where clouds keep credentials', () => 'https://169.254.169.254/latest/meta-data/'],
    ['plain HTTP, whoever it is', () => 'http://registry.example/token'],
    ['an address with a password in it', (host: string) => `https://ann:secret@${host}/token`],
    ['no address at all', () => 'token'],
    ['a file', () => 'file:///etc/passwd'],
  ])('for a token: %s', async (_, realm) => {
    await using victim = await stubRegistry(inside);
    await using registry = await stubRegistry((_, response) => wantsBearer(response, realm(victim.host)));
    await expect(ask(registry, ann)).rejects.toMatchObject({
      code: expect.stringMatching(/^(forbidden|unavailable)$/),
    });
    expect(victim.connections()).toBe(0);
    expect(registry.asked.map(({ authorization }) => authorization)).toEqual([undefined]);
  });

  test('by a redirect, which is an answer like any other', async () => {
    await using victim = await stubRegistry(inside);
    await using registry = await stubRegistry((_, response) => {
      response.writeHead(307, { location: `http://${victim.host}/v2/` }).end();
    });
    expect(await ask(registry, ann)).toBe(307);
    expect(victim.connections()).toBe(0);
  });

  test('by a place for uploads that is elsewhere', async () => {
    await using victim = await stubRegistry(inside);
    for (const location of [`http://${victim.host}/up`, '//registry.example/up', 'https://registry.example/', '']) {
      await using registry = await stubRegistry(({ line }, response) => {
        response.writeHead(line.startsWith('HEAD') ? 404 : 202, location === '' ? {} : { location }).end();
      });
      const blob = { digest: sha256(Buffer.from('layer')), size: 5 };
      const upload = uploadBlob(session(registry.host, null), 'team/app', blob, () => [Buffer.from('layer')]);
      await expect(upload).rejects.toMatchObject({ code: 'unavailable' });
      expect(registry.asked.map(({ line }) => line.split(' ')[0])).toEqual(['HEAD', 'POST']);
    }
    expect(victim.connections()).toBe(0);
  });

  test('by a name of which one address is private, or that has none', async () => {
    const policy = { hosts: ['*'], loopback: false };
    for (const addresses of [['10.0.0.1'], ['93.184.215.14', '127.0.0.1'], ['169.254.169.254'], ['fd00::1']]) {
      await expect(registryAddress(policy, 'rebound.example', async () => addresses)).rejects.toMatchObject({
        code: 'forbidden',
      });
    }
    await expect(registryAddress(policy, 'gone.example', async () => [])).rejects.toMatchObject({
      code: 'unavailable',
    });
    expect(await registryAddress(policy, 'open.example:5000', async () => ['93.184.215.14'])).toEqual({
      protocol: 'https:',
      addresses: ['93.184.215.14'],
    });
  });

  test('on plain HTTP, but for the loopback address where it is allowed', async () => {
    const listed = { hosts: ['10.0.0.5:5000'], loopback: false };
    expect(await registryAddress(listed, '10.0.0.5:5000')).toEqual({ protocol: 'https:', addresses: ['10.0.0.5'] });
    await using registry = await stubRegistry(inside);
    const secure = openRegistry({
      ...{ policy: { hosts: [registry.host], loopback: false }, domain: registry.host, auth: ann, scope: null },
      signal: AbortSignal.timeout(10_000),
    });
    await expect(secure.send({ method: 'GET', path: '/v2/' })).rejects.toMatchObject({ code: 'unavailable' });
    expect(registry.asked).toEqual([]);
  });
});

describe('nothing goes on without end', () => {
  test('an answer of more than any registry has to say', async () => {
    await using registry = await stubRegistry((_, response) => {
      response.writeHead(200);
      const more = () => {
        while (!response.destroyed && response.write(Buffer.alloc(65_536)));
      };
      response.on('drain', more);
      more();
    });
    const answer = await session(registry.host, null).send({ method: 'GET', path: '/v2/' });
    await expect(readAnswer(answer, registry.host)).rejects.toMatchObject({
      code: 'unavailable',
      message: expect.stringContaining('without end'),
    });
  });

  test('a registry that keeps silent, before its answer and within it', async () => {
    await using silent = await stubRegistry(() => {});
    const late = { signal: AbortSignal.timeout(200) };
    await expect(session(silent.host, null, late).send({ method: 'GET', path: '/v2/' })).rejects.toMatchObject({
      code: 'timeout',
    });
    await using halting = await stubRegistry((_, response) => {
      response.writeHead(200).write('{');
    });
    const signal = AbortSignal.timeout(500);
    const answer = await session(halting.host, null, { signal }).send({ method: 'GET', path: '/v2/' });
    await expect(readAnswer(answer, halting.host)).rejects.toMatchObject({ code: 'unavailable' });
  });

  test('a registry that is not there, or breaks off', async () => {
    const registry = await stubRegistry(() => {});
    await registry[Symbol.asyncDispose]();
    await expect(ask(registry, null)).rejects.toMatchObject({ code: 'unavailable' });
    await using breaking = await stubRegistry((_, response) => void response.socket?.destroy());
    await expect(ask(breaking, null)).rejects.toMatchObject({ code: 'unavailable' });
  });
});

describe('an upload', () => {
  const layer = Buffer.from('layer');
  const blob = { digest: sha256(layer), size: layer.length };
  const upload = (registry: StubRegistry, auth: RegistryAuth | null = null) =>
    uploadBlob(session(registry.host, auth), 'team/app', blob, () => [layer]);

  test('of a blob that is there sends nothing', async () => {
    await using registry = await stubRegistry((_, response) => response.writeHead(200).end());
    expect(await upload(registry)).toBe(false);
    expect(registry.lines()).toEqual([`HEAD /v2/team/app/blobs/${blob.digest}`]);
  });

  test('goes where the registry says, keeps its query, and is sent again with a new token', async () => {
    let refusals = 0;
    await using registry = await stubRegistry(({ line, authorization }, response) => {
      const here = `http://${response.req.headers.host}`;
      if (line.includes('/token')) return json(response, 200, { token: `t${refusals}` });
      if (line.startsWith('PUT') && refusals++ === 0) return wantsBearer(response, `${here}/token`);
      if (line.startsWith('HEAD')) return response.writeHead(404).end();
      if (line.startsWith('POST')) return response.writeHead(202, { location: '/up/1?state=x' }).end();
      response.writeHead(authorization === 'Bearer t1' ? 201 : 400).end();
    });
    expect(await upload(registry, ann)).toBe(true);
    const puts = registry.asked.filter(({ line }) => line.startsWith('PUT'));
    expect(puts.map(({ body }) => body)).toEqual(['layer', 'layer']);
    expect(puts[0]?.line).toBe(`PUT /up/1?state=x&digest=${encodeURIComponent(blob.digest)}`);
  });

  test.each([
    [400, 'unavailable'],
    [403, 'forbidden'],
    [404, 'not_found'],
    [429, 'rate_limited'],
    [503, 'unavailable'],
  ])('that the registry ends with %i is %s', async (status, code) => {
    await using registry = await stubRegistry(({ line }, response) => {
      if (line.startsWith('HEAD')) return response.writeHead(404).end();
      if (line.startsWith('POST')) return response.writeHead(202, { location: '/up' }).end();
      response.writeHead(status).end('a text that is for the log only');
    });
    const failed = await upload(registry).catch((error: Error & { code: string }) => error);
    expect(failed).toMatchObject({ code, message: expect.not.stringContaining('for the log') });
  });

  test('of a manifest that the registry takes for another one has failed', async () => {
    const manifest = Buffer.from('{}');
    const answerWith = async (digest: string) => {
      await using registry = await stubRegistry((_, response) => {
        response.writeHead(201, digest === '' ? {} : { 'docker-content-digest': digest }).end();
      });
      return await putManifest(session(registry.host, null), { path: 'team/app', tag: '1', manifest });
    };
    expect([await answerWith(''), await answerWith(sha256(manifest))]).toEqual([sha256(manifest), sha256(manifest)]);
    await expect(answerWith(sha256(Buffer.from('another')))).rejects.toMatchObject({ code: 'unavailable' });
  });
});
