/** Volumes over HTTP, with real data in them. Needs Postgres and an Engine. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { startTestApp, type TestApp } from '../support/app.ts';
import type { TestClient } from '../support/client.ts';

interface View {
  name: string;
  anonymous: boolean;
  changed?: boolean;
}

let app: TestApp;
let a: TestClient;
let b: TestClient;
beforeAll(async () => {
  app = await startTestApp({ provider: 'docker' });
  [a, b] = [app.a.admin, app.b.admin];
});
afterAll(() => app?.close());

/** Runs a script to its end with the volume at /data, and answers the exit code. The container stays. */
async function runWith(client: TestClient, name: string, source: string | undefined, script: string): Promise<number> {
  const mounts = [{ type: 'volume', target: '/data', ...(source !== undefined && { source }) }];
  const body = { image: app.image, name, start: true, command: ['sh', '-c', script], mounts };
  await client.expect(201, 'POST', '/v1/containers', body);
  await client.expect(200, 'GET', `/v1/containers/${name}/wait?condition=exited&timeoutSeconds=20`);
  return (await client.expect<{ exitCode: number }>(200, 'GET', `/v1/containers/${name}`)).exitCode;
}
const removeContainer = (client: TestClient, name: string, query = '') =>
  client.expect(204, 'DELETE', `/v1/containers/${name}?force=true${query}`);
const list = async (client: TestClient, query = '') =>
  (await client.expect<{ items: View[] }>(200, 'GET', `/v1/volumes${query}`)).items;

describe('a named volume', () => {
  it('keeps its data from one container to the next, and from another tenant', async () => {
    expect(await runWith(a, 'writer', 'shelf', 'echo book > /data/title')).toBe(0);
    await removeContainer(a, 'writer', '&volumes=true');
    expect(await runWith(b, 'thief', 'shelf', 'test -e /data/title')).toBe(1);
    expect(await runWith(a, 'reader', 'shelf', 'test "$(cat /data/title)" = book')).toBe(0);
    await a.expect(409, 'DELETE', '/v1/volumes/shelf');
    const usage = await a.expect<{ volumes: object[] }>(200, 'GET', '/v1/disk-usage');
    expect(usage.volumes).toEqual([{ name: 'shelf', sizeBytes: 5 }]);
    await removeContainer(a, 'reader');
    await a.expect(204, 'DELETE', '/v1/volumes/shelf');
    await a.expect(404, 'GET', '/v1/volumes/shelf');
    expect(await list(b)).toMatchObject([{ name: 'shelf' }]);
    await removeContainer(b, 'thief');
  });

  it('is made once, with a name or without', async () => {
    const asked = { name: 'box', labels: { of: 'things' } };
    expect(await a.expect(201, 'POST', '/v1/volumes', asked)).toMatchObject({ ...asked, changed: true });
    expect(await a.expect(200, 'POST', '/v1/volumes', { name: 'box' })).toMatchObject({ ...asked, changed: false });
    expect(await a.expect(201, 'POST', '/v1/volumes', {})).toMatchObject({ anonymous: true });
    expect(await list(a, '?label=of=things')).toMatchObject([{ name: 'box' }]);
    expect(await list(a, '?name=box&dangling=true')).toHaveLength(1);
    expect(await list(a, '?dangling=false')).toEqual([]);
    for (const body of [
      { name: '../etc' },
      { name: '' },
      { name: 'x', driver: 'nfs' },
      { labels: { 'longshore.tenant': 'x' } },
    ]) {
      await a.expect(400, 'POST', '/v1/volumes', body);
    }
    const { removed } = await a.expect<{ removed: View[] }>(200, 'POST', '/v1/volumes/prune', { all: true });
    expect(removed).toHaveLength(2);
  });
});

describe('an anonymous volume', () => {
  it('goes with its container when asked to, and stays for pruning otherwise', async () => {
    await runWith(a, 'goes', undefined, 'echo x > /data/x');
    expect(await list(a)).toMatchObject([{ anonymous: true }]);
    await removeContainer(a, 'goes', '&volumes=true');
    expect(await list(a)).toEqual([]);
    await runWith(a, 'stays', undefined, 'echo x > /data/x');
    await removeContainer(a, 'stays');
    const [left] = await list(a, '?dangling=true');
    expect(await a.expect(200, 'POST', '/v1/volumes/prune')).toMatchObject({ removed: [{ name: left?.name }] });
    expect(await list(a)).toEqual([]);
  });
});

it('viewers look and do not touch', async () => {
  const { viewer } = app.a;
  await viewer.expect(200, 'GET', '/v1/volumes');
  await viewer.expect(403, 'POST', '/v1/volumes', { name: 'x' });
  await viewer.expect(403, 'POST', '/v1/volumes/prune');
  await viewer.expect(403, 'DELETE', '/v1/volumes/x');
});
