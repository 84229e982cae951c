/** docker search through the plain CLI, and what a name stands for at its registry as dockerode asks it. */
import { createHash } from 'node:crypto';
import Docker from 'dockerode';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { startTestApp, type TestApp } from '../support/app.ts';
import { pushImage } from '../support/base-images.ts';
import { type DockerCli, dockerCli } from '../support/docker-cli.ts';
import { openDocker, testDockerHost } from '../support/engine.ts';
import { startRegistry, type TestRegistry } from '../support/registry.ts';
import { json, type StubRegistry, stubRegistry, wantsBearer } from '../support/stub-registry.ts';

const credentials = { username: 'ann', password: 'secret' };
const basic = `Basic ${Buffer.from('ann:secret').toString('base64')}`;
const found = [
  { name: 'team/shop', description: 'sells things', is_official: false, is_automated: true, star_count: 3 },
  { name: 'shop', description: null, is_official: true, star_count: 40 },
  { name: 'quiet' },
];
let app: TestApp;
let index: StubRegistry;
let registry: TestRegistry;
let cli: DockerCli;
let docker: Docker;

beforeAll(async () => {
  registry = await startRegistry({ credentials });
  index = await stubRegistry(({ line, authorization }, response) => {
    if (line.includes('q=private') && authorization !== basic) {
      return response.writeHead(401, { 'www-authenticate': 'Basic realm="stub"' }).end();
    }
    if (line.includes('q=odd')) return json(response, 200, { results: 'none' });
    if (line.includes('q=old')) return json(response, 404, {});
    json(response, 200, { results: found });
  });
  app = await startTestApp({
    provider: 'docker',
    env: { LONGSHORE_INSECURE_LOOPBACK_REGISTRIES: '1', LONGSHORE_LOG_LEVEL: 'error' },
  });
  cli = dockerCli(app.url, app.a.admin.key);
  const { hostname, port } = new URL(app.url);
  const headers = { Authorization: `Bearer ${app.a.admin.key}` };
  docker = new Docker({ protocol: 'http', host: hostname, port, headers });
});
afterAll(async () => {
  cli?.[Symbol.dispose]();
  await Promise.all([app?.close(), registry?.stop(), index?.[Symbol.asyncDispose]()]);
});

describe('search', () => {
  const names = async (...args: string[]) => (await cli.ok(['search', '--format', '{{.Name}}', ...args])).split('\n');

  test('asks the index that the term begins with, for its rest', async () => {
    const format = '{{.Name}}|{{.Description}}|{{.StarCount}}|{{.IsOfficial}}';
    expect((await cli.ok(['search', '--format', format, `${index.host}/shop`])).split('\n')).toEqual([
      ...['team/shop|sells things|3|', 'shop||40|[OK]', 'quiet||0|'],
    ]);
    expect(index.asked.at(-1)?.line).toMatch(/^GET \/v1\/search\?q=shop&n=\d+$/);
  });

  test('leaves what its filters and its limit say', async () => {
    const term = `${index.host}/shop`;
    expect(await names('--filter', 'is-official=true', term)).toEqual(['shop']);
    expect(await names('--filter', 'is-official=false', term)).toEqual(['team/shop', 'quiet']);
    expect(await names('--filter', 'stars=3', term)).toEqual(['team/shop', 'shop']);
    expect(await names('--limit', '1', term)).toEqual(['team/shop']);
    expect((await cli.run(['search', '--filter', 'stars=many', term])).stderr).toContain("Invalid filter 'stars=many'");
    expect((await cli.run(['search', '--filter', 'nope=1', term])).stderr).toContain("Invalid filter 'nope'");
  });

  test('sends the credential of the login, and says when it is refused', async () => {
    const refused = await cli.run(['search', `${index.host}/private`]);
    expect(refused).toMatchObject({ exitCode: 1, stderr: expect.stringContaining('refused access') });
    await cli.ok(['login', '-u', 'ann', '--password-stdin', index.host], { input: 'secret' });
    expect(await names(`${index.host}/private`)).toHaveLength(3);
  });

  test('says what is wrong with an index, and reaches none that is not allowed', async () => {
    for (const [term, said] of [
      [`${index.host}/odd`, 'answered with 200'],
      [`${index.host}/old`, 'cannot be searched'],
      ['registry.example/x', 'registry.example may not be used here'],
      ['169.254.169.254/x', '169.254.169.254 may not be used here'],
    ] as const) {
      expect(await cli.run(['search', term])).toMatchObject({ exitCode: 1, stderr: expect.stringContaining(said) });
    }
  });
});

describe('what a name stands for', () => {
  const distribution = (name: string, auth?: typeof credentials) =>
    docker.getImage(name).distribution(auth && { authconfig: { ...auth, serveraddress: '' } });

  test('is told with digest, size and platform, to whoever may know', async () => {
    const name = await pushImage(openDocker(testDockerHost()), app.image, {
      ...{ host: registry.host, name: 'team/known:1', credentials },
    });
    const pair = `Basic ${Buffer.from('ann:secret').toString('base64')}`;
    const accept = 'application/vnd.docker.distribution.manifest.v2+json';
    const manifest = await fetch(`http://${registry.host}/v2/team/known/manifests/1`, {
      headers: { accept, authorization: pair },
    });
    const bytes = Buffer.from(await manifest.arrayBuffer());
    const digest = `sha256:${createHash('sha256').update(bytes).digest('hex')}`;
    const { architecture } = (await docker
      .getImage(app.image)
      .inspect()
      .then(({ Architecture }) => ({
        architecture: Architecture,
      }))) as { architecture: string };
    const expected = {
      Descriptor: { mediaType: accept, digest, size: bytes.length },
      Platforms: [{ architecture, os: 'linux' }],
    };
    expect(await distribution(name, credentials)).toEqual(expected);
    expect(await distribution(`${registry.host}/team/known@${digest}`, credentials)).toEqual(expected);
    await expect(distribution(name)).rejects.toMatchObject({ statusCode: 403 });
    await expect(distribution(`${registry.host}/team/none:1`, credentials)).rejects.toMatchObject({ statusCode: 404 });
  });

  test('is told of several platforms, and not believed when it is something else', async () => {
    const list = {
      schemaVersion: 2,
      mediaType: 'application/vnd.oci.image.index.v1+json',
      manifests: [
        { platform: { architecture: 'amd64', os: 'linux' } },
        { platform: { architecture: 'arm', os: 'linux', variant: 'v7' } },
        {},
      ],
    };
    await using many = await stubRegistry(({ line, authorization }, response) => {
      if (line.includes('/token')) return json(response, 200, { token: 't' });
      if (authorization !== 'Bearer t') return wantsBearer(response, `http://${response.req.headers.host}/token`);
      json(response, 200, line.includes('/odd/') ? { manifests: 7 } : list);
    });
    expect(await distribution(`${many.host}/team/many`)).toMatchObject({
      Descriptor: { mediaType: list.mediaType },
      Platforms: [
        { architecture: 'amd64', os: 'linux' },
        { architecture: 'arm', os: 'linux', variant: 'v7' },
      ],
    });
    await expect(distribution(`${many.host}/odd/x`)).rejects.toMatchObject({ statusCode: 503 });
    await expect(distribution(`${many.host}/team/many@sha256:${'0'.repeat(64)}`)).rejects.toMatchObject({
      ...{ statusCode: 503, json: { message: expect.stringContaining('something else') } },
    });
    await expect(distribution('registry.example/x')).rejects.toMatchObject({ statusCode: 403 });
  });
});
