/** docker volume through the plain CLI. */
import { expect, test } from 'vitest';
import { createClient } from '../support/client.ts';
import type { DockerCli } from '../support/docker-cli.ts';
import { openDoor } from '../support/door.ts';

const { app, a, b } = await openDoor();

const names = async (cli: DockerCli, ...filters: string[]) =>
  (await cli.ok(['volume', 'ls', '-q', ...filters.flatMap((filter) => ['--filter', filter])]))
    .split('\n')
    .filter(Boolean)
    .sort();

/** Through /v1, with mounts of volumes. */
const mounting = (name: string, ...mounts: object[]) =>
  app.a.admin.expect(201, 'POST', '/v1/containers', {
    ...{ name, image: app.image, start: true, command: ['sh', '-c', 'echo kept > /data/file; sleep 600'] },
    mounts: mounts.map((mount) => ({ type: 'volume', target: '/data', ...mount })),
  });

test('create, ls with filters, inspect and rm', async () => {
  expect(await a.ok(['volume', 'create', '--label', 'tier=db', 'data'])).toBe('data');
  const generated = await a.ok(['volume', 'create']);
  expect(generated).toMatch(/^[0-9a-f]{64}$/);
  await a.ok(['volume', 'create', 'data']);
  expect(await names(a)).toEqual([generated, 'data'].sort());
  expect(await names(a, 'name=dat')).toEqual(['data']);
  expect(await names(a, 'label=tier=db')).toEqual(['data']);
  expect(await names(a, 'label=tier=web')).toEqual([]);
  expect(await names(a, 'driver=nfs')).toEqual([]);
  expect(JSON.parse(await a.ok(['volume', 'inspect', 'data']))).toMatchObject([
    { Name: 'data', Driver: 'local', Scope: 'local', Labels: { tier: 'db' }, Mountpoint: '', Options: null },
  ]);
  await mounting('user', { source: 'data' });
  expect(await names(a, 'dangling=true')).toEqual([generated]);
  expect(await names(a, 'dangling=false')).toEqual(['data']);
  expect(await a.run(['volume', 'rm', 'data'])).toMatchObject({ exitCode: 1 });
  await a.ok(['rm', '-f', 'user']);
  await a.ok(['volume', 'rm', 'data', generated]);
  expect(await a.run(['volume', 'rm', 'data'])).toMatchObject({
    exitCode: 1,
    stderr: expect.stringContaining('get data: no such volume'),
  });
  await a.ok(['volume', 'rm', '-f', 'data']);
});

test('drivers and their options are refused', async () => {
  const bind = ['-o', 'type=none', '-o', 'o=bind', '-o', 'device=/'];
  for (const options of [['-d', 'nfs'], bind, ['-d', 'local', ...bind]]) {
    const refused = await a.run(['volume', 'create', ...options, 'host']);
    expect(refused).toMatchObject({ exitCode: 1, stderr: expect.stringContaining('is refused') });
  }
  expect(await names(a)).toEqual([]);
});

test('prune takes what nobody uses: the anonymous ones, with -a all, and in old versions of the API all', async () => {
  await mounting('user', { source: 'used' }, { target: '/other' });
  await mounting('leaver', {});
  await a.ok(['volume', 'create', 'named']);
  await a.ok(['volume', 'create', '--label', 'keep=1', 'labelled']);
  await a.ok(['rm', '-f', 'leaver']);
  expect(await names(a)).toHaveLength(5);
  const old = createClient(app.url, app.a.admin.key);
  const { VolumesDeleted, SpaceReclaimed } = await old.expect<{ VolumesDeleted: string[]; SpaceReclaimed: number }>(
    ...([200, 'POST', '/v1.44/volumes/prune'] as const),
  );
  expect(VolumesDeleted).toEqual([expect.stringMatching(/^[0-9a-f]{64}$/)]);
  expect(SpaceReclaimed).toBeGreaterThan(0);
  expect(await names(a)).toHaveLength(4);
  const filters = encodeURIComponent(JSON.stringify({ 'label!': ['keep=1'] }));
  const rest = await old.expect(200, 'POST', `/v1.41/volumes/prune?filters=${filters}`);
  expect(rest).toMatchObject({ VolumesDeleted: ['named'] });
  expect(await names(a, 'dangling=true')).toEqual(['labelled']);
  await a.ok(['rm', '-f', '-v', 'user']);
});

test("another tenant's volumes are not there", async () => {
  await a.ok(['volume', 'create', 'mine']);
  expect(await names(b)).toEqual([]);
  for (const verb of ['inspect', 'rm']) {
    expect((await b.run(['volume', verb, 'mine'])).stderr).toContain('get mine: no such volume');
  }
  await b.ok(['volume', 'create', '--label', 'of=b', 'mine']);
  expect(JSON.parse(await a.ok(['volume', 'inspect', 'mine']))).toMatchObject([{ Labels: {} }]);
  await b.ok(['volume', 'rm', 'mine']);
  await b.ok(['volume', 'prune', '-f', '--filter', 'all=1']);
  expect(await names(a)).toContain('mine');
});
