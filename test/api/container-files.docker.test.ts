/** Files in and out of real containers over HTTP, images made of them, and that nothing of it reaches another tenant or the host. */
import { execFileSync } from 'node:child_process';
import { createHash, randomBytes } from 'node:crypto';
import { existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { request } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { tarEnd, tarHeader } from '../../src/domain/tar.ts';
import { startTestApp, type TestApp } from '../support/app.ts';
import { addressOf, run } from '../support/child.ts';
import { createClient, type TestClient } from '../support/client.ts';
import { startContainer } from '../support/containers.ts';
import { openDocker, testDockerHost } from '../support/engine.ts';
import { makeTar, readEntries, type TestEntry } from '../support/tar.ts';
import { waitFor } from '../support/wait-for.ts';

let app: TestApp;
beforeAll(async () => {
  app = await startTestApp({ provider: 'docker' });
});
afterAll(() => app.close());

const q = encodeURIComponent;
const put = (client: TestClient, id: string, path: string, entries: TestEntry[], more = '') =>
  send(client, 'PUT', `/v1/containers/${id}/archive?path=${q(path)}${more}`, Readable.from([makeTar(entries)]));
const get = async (client: TestClient, id: string, path: string) => {
  const answer = await client.send('GET', `/v1/containers/${id}/archive?path=${q(path)}`);
  if (!answer.ok || !answer.body) throw new Error(`${answer.status}: ${await answer.text()}`);
  return readEntries(answer.body);
};
const created = async (client: TestClient, more: object = {}) =>
  (await client.expect<{ id: string }>(201, 'POST', '/v1/containers', { image: app.image, ...more })).id;
const exec = async (id: string, command: string[]) =>
  (await app.a.admin.expect<{ stdout: string }>(200, 'POST', `/v1/containers/${id}/exec`, { command })).stdout;

/** Past fetch, which would gather or frame the body in its own ways. Answers the status and the text. */
function send(
  client: TestClient,
  method: string,
  path: string,
  body: Readable,
): Promise<{ status: number; text: string }> {
  return new Promise((resolve, reject) => {
    const headers = { authorization: `Bearer ${client.key}`, 'content-type': 'application/x-tar' };
    const sent = request(client.url + path, { method, headers }, async (response) => {
      let text = '';
      for await (const chunk of response) text += chunk;
      resolve({ status: response.statusCode ?? 0, text });
    });
    sent.on('error', reject);
    body.on('error', (error) => sent.destroy(error)).pipe(sent);
  });
}

test('what is put into a container before its first start is there when it starts', async () => {
  const id = await created(app.a.admin, { command: ['cat', '/tmp/box/note'] });
  expect(await put(app.a.admin, id, '/tmp', [{ path: 'box' }, { path: 'box/note', text: 'from outside' }])).toEqual({
    status: 204,
    text: '',
  });
  await app.a.admin.expect(200, 'POST', `/v1/containers/${id}/start`);
  await app.a.admin.expect(200, 'GET', `/v1/containers/${id}/wait`);
  expect(await (await app.a.admin.send('GET', `/v1/containers/${id}/logs`)).text()).toBe('from outside\n');
  expect((await get(app.a.admin, id, '/tmp/box'))['box/note']).toMatchObject({ text: 'from outside' });
});

test('HEAD looks at a path without opening it', async () => {
  const id = await created(app.a.admin);
  const look = async (path: string) => {
    const answer = await app.a.admin.send('HEAD', `/v1/containers/${id}/archive?path=${q(path)}`);
    const stat = answer.headers.get('x-path-stat');
    return { status: answer.status, stat: stat && JSON.parse(Buffer.from(stat, 'base64').toString()) };
  };
  expect(await look('/etc/passwd')).toMatchObject({ status: 200, stat: { name: 'passwd', linkTarget: '' } });
  expect(await look('/bin/sh')).toMatchObject({ status: 200, stat: { linkTarget: '/bin/busybox' } });
  expect(await look('/nope')).toMatchObject({ status: 404, stat: null });
});

test('changes and export show what a container did', async () => {
  const id = await startContainer(app, ['sh', '-c', 'echo hi > /new; rm /etc/group']);
  await app.a.admin.expect(200, 'GET', `/v1/containers/${id}/wait`);
  const { items } = await app.a.admin.expect<{ items: object[] }>(200, 'GET', `/v1/containers/${id}/changes`);
  expect(items).toEqual([
    { path: '/etc', kind: 'modified' },
    { path: '/etc/group', kind: 'deleted' },
    { path: '/new', kind: 'added' },
  ]);
  const exported = await app.a.admin.send('GET', `/v1/containers/${id}/export`);
  const entries = await readEntries(exported.body as ReadableStream<Uint8Array>);
  expect(entries.new).toMatchObject({ text: 'hi\n' });
  expect(entries['etc/group']).toBeUndefined();
});

test('sizes are measured where they are asked for', async () => {
  const id = await startContainer(app, ['sh', '-c', 'head -c 100000 /dev/zero > /big; sleep 60']);
  const path = `/v1/containers/${id}`;
  expect(await app.a.admin.expect(200, 'GET', path)).not.toHaveProperty('sizes');
  await waitFor(async () => {
    const { sizes } = await app.a.admin.expect<{ sizes: { writableBytes: number } }>(200, 'GET', `${path}?size=true`);
    return sizes.writableBytes >= 100_000;
  });
  const { items } = await app.a.admin.expect<{ items: { id: string; sizes: { rootBytes: number } }[] }>(
    200,
    'GET',
    '/v1/containers?size=true',
  );
  expect(items.find((item) => item.id === id)?.sizes.rootBytes).toBeGreaterThan(100_000);
});

describe('a commit', () => {
  test('makes an image of its own tenant, from which a container has the files and the configuration', async () => {
    const id = await startContainer(app, ['sh', '-c', 'echo kept > /kept; sleep 600'], { env: { A: '1' } });
    await waitFor(async () => (await exec(id, ['cat', '/kept'])) === 'kept\n');
    const before = await app.a.admin.expect<{ startedAt: string }>(200, 'GET', `/v1/containers/${id}`);
    const image = await app.a.admin.expect<{ id: string; author: string; config: Record<string, unknown> }>(
      201,
      'POST',
      `/v1/containers/${id}/commit`,
      {
        ...{ repository: 'shop/kept', author: 'Ann', comment: 'for later' },
        changes: ['ENV B=$A$A', 'LABEL tier=web', 'CMD ["sh", "-c", "cat /kept; echo $B"]'],
        config: { labels: { more: 'yes' } },
      },
    );
    expect(image).toMatchObject({ tags: ['shop/kept:latest'], author: 'Ann', shared: false });
    const labels = image.config.labels as Record<string, string>;
    expect(labels).toMatchObject({ tier: 'web', more: 'yes' });
    expect(Object.keys(labels).filter((name) => /^(longshore|cp)\./.test(name))).toEqual([]);
    const { items } = await app.a.admin.expect<{ items: { comment: string }[] }>(
      200,
      'GET',
      `/v1/images/${q('shop/kept')}/history`,
    );
    expect(items[0]?.comment).toBe('for later');
    // It was frozen for a moment and nobody saw it.
    expect(await app.a.admin.expect(200, 'GET', `/v1/containers/${id}`)).toMatchObject({
      status: 'running',
      startedAt: before.startedAt,
    });
    const { items: events } = await app.a.admin.expect<{ items: { kind: string }[] }>(
      200,
      'GET',
      `/v1/containers/${id}/operations`,
    );
    expect(events.map(({ kind }) => kind)).toEqual(['create']);

    const made = await created(app.a.admin, { image: 'shop/kept', start: true });
    await app.a.admin.expect(200, 'GET', `/v1/containers/${made}/wait`);
    expect(await (await app.a.admin.send('GET', `/v1/containers/${made}/logs`)).text()).toBe('kept\n11\n');

    expect((await app.b.admin.send('GET', `/v1/images/${q('shop/kept')}`)).status).toBe(404);
    expect((await app.b.admin.send('POST', '/v1/containers', { image: image.id })).status).toBe(404);
  });

  test('leaves no id of ours in the image that the Engine has', async () => {
    const id = await created(app.a.admin);
    const image = await app.a.admin.expect<{ id: string }>(201, 'POST', `/v1/containers/${id}/commit`);
    const found = await openDocker(testDockerHost()).getImage(image.id).inspect();
    const own = Object.entries(found.Config.Labels ?? {}).filter(([name]) => name.startsWith('longshore.'));
    expect(own.filter(([, value]) => value !== '')).toEqual([]);
    expect(found.Config.Hostname).toBe('');
    expect(found.RepoTags.filter((tag) => !/^longshore\/([0-9a-f]{12}\/|pulled:)/.test(tag))).toEqual([]);
    await app.a.admin.expect(200, 'DELETE', `/v1/images/${image.id}`);
    await expect(openDocker(testDockerHost()).getImage(image.id).inspect()).rejects.toMatchObject({ statusCode: 404 });
  });

  test('of a label of ours, of an instruction that is none, and beyond the quota makes nothing', async () => {
    const id = await created(app.a.admin);
    const path = `/v1/containers/${id}/commit`;
    const held = async () => {
      const owned = await app.deps.provider.listOwned({ signal: AbortSignal.timeout(10_000) });
      return owned.filter(({ kind }) => kind === 'image').map(({ handle }) => handle);
    };
    const before = await held();
    for (const body of [
      { changes: ['LABEL longshore.tenant=x'] },
      { config: { labels: { 'longshore.tenant': 'x' } } },
      { changes: ['RUN true'] },
      { changes: ['ENV A="'] },
      { repository: 'UPPER' },
      { repository: 'sha256' },
      { author: 'a\0b' },
      { config: { entrypoint: 'sh' } },
    ]) {
      expect([body, (await app.a.admin.send('POST', path, body)).status]).toEqual([body, 400]);
    }
    await app.operator.expect(200, 'PATCH', `/v1/tenants/${app.b.name}/quotas`, { images: 0 });
    const foreign = await created(app.b.admin);
    expect((await app.b.admin.send('POST', `/v1/containers/${foreign}/commit`, {})).status).toBe(403);
    expect((await held()).filter((handle) => !before.includes(handle))).toEqual([]);
  });
});

test('new limits hold at once, and again after a stop and a start', async () => {
  const id = await startContainer(app, ['sh', '-c', 'sleep 600'], { resources: { memoryMiB: 64 } });
  const limit = async () =>
    (await exec(id, ['sh', '-c', 'cat /sys/fs/cgroup/memory.max /sys/fs/cgroup/memory/memory.limit_in_bytes'])).trim();
  expect(await limit()).toBe(String(64 * 2 ** 20));
  const changed = { resources: { memoryMiB: 96, cpus: 0.25 }, restart: 'always' };
  expect(await app.a.admin.expect(200, 'POST', `/v1/containers/${id}/update`, changed)).toMatchObject({
    changed: true,
    spec: { resources: { memoryMiB: 96, cpus: 0.25 }, restart: { policy: 'always' } },
  });
  expect(await limit()).toBe(String(96 * 2 ** 20));
  await app.a.admin.expect(200, 'POST', `/v1/containers/${id}/restart`, { graceSeconds: 0 });
  expect(await limit()).toBe(String(96 * 2 ** 20));
  const refused = await app.a.admin.send('POST', `/v1/containers/${id}/update`, { resources: { cpus: 500 } });
  expect([400, 403]).toContain(refused.status);
  expect((await app.b.admin.send('POST', `/v1/containers/${id}/update`, changed)).status).toBe(404);
  expect(await app.a.admin.expect(200, 'GET', `/v1/containers/${id}`)).toMatchObject({
    status: 'running',
    spec: { resources: { cpus: 0.25 } },
  });
});

describe('the host', () => {
  test('is reached by no path, no link and no entry of a tar', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'longshore-host-'));
    const secret = join(folder, 'secret');
    writeFileSync(secret, 'of the host');
    try {
      const id = await created(app.a.admin);
      const up = '../'.repeat(12);
      await put(app.a.admin, id, '/tmp', [{ path: 'link', kind: 'symlink', linkTarget: folder }]);
      await put(app.a.admin, id, '/tmp', [{ path: 'climb', kind: 'symlink', linkTarget: `${up}${folder.slice(1)}` }]);
      await put(app.a.admin, id, '/tmp', [{ path: `${up}${folder.slice(1)}/climbed`, text: 'x' }]);
      await put(app.a.admin, id, '/tmp', [{ path: `${folder}/absolute`, text: 'x' }]);
      await put(app.a.admin, id, '/tmp', [{ path: 'hard', kind: 'hardlink', linkTarget: secret }]);
      await put(app.a.admin, id, '/tmp', [{ path: 'link/through', text: 'x' }]);
      for (const path of ['/tmp/link', '/tmp/climb', folder, `/tmp/${up}${folder}`]) {
        await put(app.a.admin, id, path, [{ path: 'put', text: 'x' }]);
        for (const name of ['secret', '../secret']) {
          const answer = await app.a.admin.send('GET', `/v1/containers/${id}/archive?path=${q(`${path}/${name}`)}`);
          expect(await answer.text()).not.toContain('of the host');
        }
      }
      const all = await app.a.admin.send('GET', `/v1/containers/${id}/archive?path=/`);
      expect(await all.text()).not.toContain('of the host');
      for (const name of ['climbed', 'absolute', 'through', 'put']) expect(existsSync(join(folder, name))).toBe(false);
    } finally {
      rmSync(folder, { recursive: true });
    }
  });

  test.for([
    ['nothing', ''],
    ['NUL', 'path=%00'],
    ['NUL in a name', 'path=%2Ftmp%2Fa%00b'],
    ['half a character', `path=${'%ED%A0%80'}`],
    ['a path without end', `path=${'x'.repeat(5000)}`],
    ['two paths', 'path=/tmp&path=/etc'],
  ])('%s for a path is refused, or not there', async ([, query]) => {
    const id = await created(app.a.admin);
    for (const method of ['GET', 'HEAD', 'PUT']) {
      const answer = await app.a.admin.send(method, `/v1/containers/${id}/archive?${query}`);
      expect([method, answer.status]).toEqual([method, expect.toBeOneOf([400, 404])]);
    }
  });
});

test("another tenant's container is not there, and stays as it is", async () => {
  const id = await created(app.a.admin, { name: 'files-of-a' });
  for (const reference of [id, id.slice(0, 12), 'files-of-a']) {
    expect((await put(app.b.admin, reference, '/tmp', [{ path: 'x', text: 'x' }])).status).toBe(404);
    for (const verb of ['archive?path=/', 'changes', 'export']) {
      expect((await app.b.admin.send('GET', `/v1/containers/${reference}/${verb}`)).status).toBe(404);
    }
    expect((await app.b.admin.send('POST', `/v1/containers/${reference}/commit`, {})).status).toBe(404);
  }
  expect(await app.a.admin.expect(200, 'GET', `/v1/containers/${id}/changes`)).toEqual({ items: [] });
});

test('a client that breaks off in a tar leaves neither a stream nor a call behind', async () => {
  const id = await created(app.a.admin);
  const path = `/v1/containers/${id}/archive?path=/tmp`;
  const endless = Readable.from(
    (async function* () {
      yield tarHeader({
        ...{ path: 'big', kind: 'file', mode: 0o644, uid: 0, gid: 0, linkTarget: '' },
        ...{ sizeBytes: 2 ** 33, modifiedAt: new Date(0) },
      });
      for (let count = 0; count < 64; count++) yield Buffer.alloc(65_536);
      throw new Error('broken off');
    })(),
  );
  await expect(send(app.a.admin, 'PUT', path, endless)).rejects.toThrow('broken off');
  expect(await put(app.a.admin, id, '/tmp', [{ path: 'after', text: 'still here' }])).toMatchObject({ status: 204 });
});

/** Puts so many bytes into a container and takes them out again; answers the sums of what was sent and of what came back. */
async function roundTrip(client: TestClient, id: string, size: number): Promise<{ sent: string; taken: string }> {
  const block = randomBytes(65_536);
  const sums = { sent: createHash('sha256'), taken: createHash('sha256') };
  const entry = { path: 'big', kind: 'file' as const, mode: 0o644, uid: 0, gid: 0, linkTarget: '' };
  const tar = (async function* () {
    yield tarHeader({ ...entry, sizeBytes: size, modifiedAt: new Date(0) });
    for (let at = 0; at < size; at += block.length) {
      block.writeUInt32BE(at, 0);
      const chunk = Buffer.from(block);
      sums.sent.update(chunk);
      yield chunk;
    }
    yield tarEnd();
  })();
  const body = Readable.from(tar, { objectMode: false });
  expect((await send(client, 'PUT', `/v1/containers/${id}/archive?path=/`, body)).status).toBe(204);
  const answer = await client.send('GET', `/v1/containers/${id}/archive?path=/big`);
  let left = 512 + size;
  let skip = 512;
  for await (const chunk of answer.body as ReadableStream<Uint8Array>) {
    sums.taken.update(chunk.subarray(Math.min(skip, chunk.length), Math.min(chunk.length, left)));
    skip = Math.max(0, skip - chunk.length);
    left = Math.max(0, left - chunk.length);
  }
  return { sent: sums.sent.digest('hex'), taken: sums.taken.digest('hex') };
}

const rssMiB = (pid: number): number =>
  Number(execFileSync('ps', ['-o', 'rss=', '-p', String(pid)], { encoding: 'utf8' })) / 1024;

test('64 MiB go in and come out bit by bit, in bounded memory of the server', async () => {
  const server = run('src/entrypoints/node.ts', [], {
    env: {
      LONGSHORE_PORT: '0',
      LONGSHORE_PROVIDER: 'docker',
      LONGSHORE_OPERATOR_KEY: app.operatorKey,
      LONGSHORE_SHARED_IMAGES: app.image,
      DATABASE_URL: app.databaseUrl,
      DOCKER_HOST: testDockerHost(),
    },
  });
  try {
    const client = createClient(await addressOf(server), app.a.admin.key);
    const id = await created(client);
    // A small round first, so that what a server always holds is there before the large one.
    await roundTrip(client, id, 8 * 2 ** 20);
    const pid = server.child.pid ?? 0;
    const before = rssMiB(pid);
    let most = before;
    const watch = setInterval(() => {
      most = Math.max(most, rssMiB(pid));
    }, 50);
    try {
      const { sent, taken } = await roundTrip(client, id, 64 * 2 ** 20);
      expect(taken).toBe(sent);
    } finally {
      clearInterval(watch);
    }
    console.log(`64 MiB in and out: RSS of the server grew by ${(most - before).toFixed(1)} MiB`);
    expect(most - before).toBeLessThan(64);
  } finally {
    await server.end('SIGTERM');
  }
});
