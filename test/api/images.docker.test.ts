/** Images over HTTP, from real registries onto a real Engine. Needs Postgres and an Engine. */
import { randomBytes } from 'node:crypto';
import type Docker from 'dockerode';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { startTestApp, type TestApp } from '../support/app.ts';
import { busyboxImage, pushImage } from '../support/base-images.ts';
import type { TestClient } from '../support/client.ts';
import { deriveImage } from '../support/derived-image.ts';
import { openDocker, testDockerHost } from '../support/engine.ts';
import { freePort } from '../support/free-port.ts';
import { startRegistry, type TestRegistry } from '../support/registry.ts';

interface View {
  id: string;
  tags: string[];
  repoDigests: string[];
  shared: boolean;
  sizeBytes: number;
  layers: string[];
  config: { labels: Record<string, string> };
  changed?: boolean;
}
interface Problem {
  detail: string;
}

const credentials = { username: 'tester', password: `pw-${randomBytes(8).toString('hex')}` };
/** Nobody else's on an Engine that other runs share. */
const nonce = randomBytes(6).toString('hex');
let docker: Docker;
let app: TestApp;
let open: TestRegistry;
let closed: TestRegistry;
let a: TestClient;
let b: TestClient;
/** References of two images that share all layers but one, in the open registry. */
let one: string;
let two: string;
let secret: string;

beforeAll(async () => {
  docker = openDocker(testDockerHost());
  [open, closed] = await Promise.all([startRegistry(), startRegistry({ credentials })]);
  app = await startTestApp({ provider: 'docker', env: { LONGSHORE_INSECURE_LOOPBACK_REGISTRIES: '1' } });
  [a, b] = [app.a.admin, app.b.admin];
  [one, two, secret] = await Promise.all([
    push(open, 'team/one:1'),
    push(open, 'team/two:1'),
    push(closed, 'secret:1', credentials),
  ]);
});
afterAll(() => Promise.all([app?.close(), open?.stop(), closed?.stop()]));

/** In the registry and not on the Engine. */
async function push(registry: TestRegistry, name: string, login?: typeof credentials): Promise<string> {
  const local = `longshore-test/${nonce}-${name.replaceAll('/', '-')}`;
  await deriveImage(docker, local, `${nonce} ${name}`);
  const reference = await pushImage(docker, local, { host: registry.host, name, ...(login && { credentials: login }) });
  await docker.getImage(local).remove();
  return reference;
}
const path = (reference: string) => `/v1/images/${encodeURIComponent(reference)}`;
const pull = (client: TestClient, reference: string, more: object = {}) =>
  client.expect<View>(200, 'POST', '/v1/images/pull', { reference, ...more });
const refused = (status: number, reference: string, more: object = {}) =>
  a.expect<Problem>(status, 'POST', '/v1/images/pull', { reference, ...more });
const isOnEngine = async (id: string) => (await docker.listImages({ all: true })).some((image) => image.Id === id);
const remove = (client: TestClient, reference: string, query = '') =>
  client.expect<{ removed: boolean; untagged: string[] }>(200, 'DELETE', path(reference) + query);

describe('a pull', () => {
  it('streams its progress to whoever asks for it, and the image at last', async () => {
    const response = await a.send('POST', '/v1/images/pull', { reference: one }, { accept: 'application/x-ndjson' });
    expect(response.headers.get('content-type')).toBe('application/x-ndjson');
    const lines = (await response.text())
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line));
    expect(lines.slice(0, -1).some(({ status, id }) => status === 'Pull complete' && id !== null)).toBe(true);
    const image = lines.at(-1).image as View;
    expect(image).toMatchObject({ tags: [one], shared: false, config: { labels: { text: `${nonce} team/one:1` } } });
    expect(image.repoDigests).toEqual([expect.stringMatching(/^127\.0\.0\.1:\d+\/team\/one@sha256:[0-9a-f]{64}$/)]);
    expect(image.layers).toHaveLength(2);
    expect(await a.expect(200, 'GET', path(one))).toEqual(image);
    const { items } = await a.expect<{ items: { createdBy: string }[] }>(200, 'GET', `${path(image.id)}/history`);
    expect(items).toHaveLength(2);
    expect(items[0]?.createdBy).toContain('echo');
  });

  it('runs', async () => {
    const body = { image: one, name: 'from-registry', start: true };
    const { id } = await a.expect<{ id: string }>(201, 'POST', '/v1/containers', body);
    await a.expect(200, 'GET', `/v1/containers/${id}/wait?condition=exited&timeoutSeconds=20`);
    const logs = await a.send('GET', `/v1/containers/${id}/logs`);
    expect(await logs.text()).toContain(`${nonce} team/one:1`);
    const conflict = await a.expect<Problem>(409, 'DELETE', `${path(one)}?force=true`);
    expect(conflict.detail).toBe(`The image ${one} is in use by the container "from-registry"`);
    await a.expect(204, 'DELETE', `/v1/containers/${id}`);
  });

  it('answers once under one Idempotency-Key', async () => {
    const key = { 'idempotency-key': `pull-${nonce}` };
    const first = await a.send('POST', '/v1/images/pull', { reference: one }, key);
    const second = await a.send('POST', '/v1/images/pull', { reference: one }, key);
    expect(second.headers.get('idempotency-replayed')).toBe('true');
    expect(await second.json()).toEqual(await first.json());
  });

  it('with a credential comes from a registry that wants one, and not without it', async () => {
    expect((await refused(403, secret)).detail).toContain(secret);
    await refused(403, secret, { auth: { ...credentials, password: 'wrong' } });
    const image = await pull(a, secret, { auth: credentials });
    expect(JSON.stringify(image)).not.toContain(credentials.password);
    await remove(a, secret);
  });

  it('that cannot work says why and names what it was asked for', async () => {
    const absent = `${open.host}/team/absent:9`;
    expect((await refused(404, absent)).detail).toContain(absent);
    const nowhere = `127.0.0.1:${await freePort()}/app`;
    expect((await refused(503, nowhere)).detail).toContain(nowhere);
    expect((await refused(403, 'registry.example/app')).detail).toContain('registry.example');
    expect((await refused(403, '[::1]:5000/app')).detail).toContain('[::1]:5000');
    expect((await refused(400, 'Not A Reference')).detail).toContain('Not A Reference');
    const streamed = await a.send('POST', '/v1/images/pull', { reference: absent }, { accept: 'application/x-ndjson' });
    expect(streamed.status).toBe(404);
  });
});

describe('two tenants with one image', () => {
  it('share its layers on the Engine, and neither’s removal takes it from the other', async () => {
    const [ours, theirs] = [await pull(a, two), await pull(b, two)];
    expect(theirs.id).toBe(ours.id);
    expect(ours.layers[0]).toBe((await a.expect<View>(200, 'GET', path(one))).layers[0]);
    await a.expect(200, 'POST', `${path(two)}/tags`, { repository: 'mine', tag: 'v1' });
    expect((await b.expect<View>(200, 'GET', path(two))).tags).toEqual([two]);
    await b.expect(404, 'GET', path('mine:v1'));
    expect(await remove(a, ours.id, '?force=true')).toMatchObject({ removed: true, untagged: [two, 'mine:v1'] });
    await a.expect(404, 'GET', path(ours.id));
    expect(await isOnEngine(ours.id)).toBe(true);
    const body = { image: two, start: true, command: ['cat', '/text'] };
    const { id } = await b.expect<{ id: string }>(201, 'POST', '/v1/containers', body);
    await b.expect(204, 'DELETE', `/v1/containers/${id}?force=true`);
    expect(await remove(b, two)).toMatchObject({ removed: true });
    expect(await isOnEngine(ours.id)).toBe(false);
  });
});

describe('names', () => {
  it('with slashes travel as one segment of the path', async () => {
    const repository = 'registry.example/team/app';
    expect(await a.expect(200, 'POST', `${path(one)}/tags`, { repository, tag: 'x' })).toMatchObject({ changed: true });
    expect(await a.expect(200, 'POST', `${path(one)}/tags`, { repository, tag: 'x' })).toMatchObject({
      changed: false,
    });
    expect((await a.expect<View>(200, 'GET', path(`${repository}:x`))).tags).toEqual([one, `${repository}:x`]);
    const { items } = await a.expect<{ items: View[] }>(200, 'GET', `/v1/images?name=${repository}`);
    expect(items).toHaveLength(1);
    expect(await remove(a, `${repository}:x`)).toMatchObject({ removed: false, untagged: [`${repository}:x`] });
  });
});

describe('lists', () => {
  it('go page by page, and refuse a cursor of another list', async () => {
    await pull(a, two);
    const page = (cursor: string) =>
      a.expect<{ items: View[]; nextCursor: string | null }>(200, 'GET', `/v1/images?limit=1${cursor}`);
    const seen: string[] = [];
    for (let cursor: string | null = ''; cursor !== null; ) {
      const { items, nextCursor }: { items: View[]; nextCursor: string | null } = await page(
        cursor && `&cursor=${cursor}`,
      );
      seen.push(...items.flatMap(({ tags }) => tags));
      if (nextCursor) await a.expect(400, 'GET', `/v1/images?limit=1&dangling=true&cursor=${nextCursor}`);
      if (nextCursor) await b.expect(400, 'GET', `/v1/images?limit=1&cursor=${nextCursor}`);
      cursor = nextCursor;
    }
    expect(seen.sort()).toEqual([one, two, busyboxImage].sort());
    const labelled = await a.expect<{ items: View[] }>(200, 'GET', `/v1/images?label=text=${nonce}%20team/two:1`);
    expect(labelled.items.map(({ tags }) => tags)).toEqual([[two]]);
    await a.expect(400, 'GET', '/v1/images?colour=blue');
  });
});

describe('shared images', () => {
  it('are there for everyone and nobody’s to remove', async () => {
    for (const client of [a, b, app.a.viewer]) {
      expect(await client.expect<View>(200, 'GET', path(app.image))).toMatchObject({ shared: true });
    }
    await a.expect(403, 'DELETE', `${path(app.image)}?force=true`);
    expect(await isOnEngine((await a.expect<View>(200, 'GET', path(app.image))).id)).toBe(true);
  });
});

describe('cleaning up', () => {
  it('tells what is stored and removes what is not used', async () => {
    const usage = () => a.expect<{ images: { count: number; sizeBytes: number } }>(200, 'GET', '/v1/disk-usage');
    const before = await usage();
    expect(before.images.count).toBe(2);
    expect(before.images.sizeBytes).toBeGreaterThan(0);
    expect(await a.expect(200, 'POST', '/v1/images/prune')).toEqual({ removed: [], sizeBytes: 0 });
    const pruned = await a.expect<{ removed: unknown[]; sizeBytes: number }>(200, 'POST', '/v1/images/prune', {
      all: true,
    });
    expect(pruned.removed).toHaveLength(2);
    expect(pruned.sizeBytes).toBe(before.images.sizeBytes);
    expect((await usage()).images).toEqual({ count: 0, sizeBytes: 0 });
  });

  it('is not for viewers', async () => {
    const { viewer } = app.a;
    await viewer.expect(403, 'POST', '/v1/images/pull', { reference: one });
    await viewer.expect(403, 'POST', '/v1/images/prune');
    await viewer.expect(403, 'DELETE', path(app.image));
  });
});
