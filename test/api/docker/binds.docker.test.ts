/** Folders of the host through the Docker door, on a real file system. */
import { mkdirSync, mkdtempSync, realpathSync, renameSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { startTestApp, type TestApp, type TestTenant } from '../../support/app.ts';
import { openDocker, testDockerHost } from '../../support/engine.ts';

let app: TestApp;
let folder: string;

beforeAll(async () => {
  folder = realpathSync(mkdtempSync(join(tmpdir(), 'longshore-binds-')));
  mkdirSync(join(folder, 'granted/src'), { recursive: true });
  mkdirSync(join(folder, 'secret'));
  writeFileSync(join(folder, 'granted/src/file'), 'ours\n');
  writeFileSync(join(folder, 'secret/file'), 'secret\n');
  symlinkSync(join(folder, 'secret'), join(folder, 'granted/escape'));
  app = await startTestApp({ provider: 'docker', env: { LONGSHORE_DEV_BINDS: `tenant-a=${folder}/granted` } });
});
afterAll(async () => {
  await app.close();
  rmSync(folder, { recursive: true });
});

const create = (tenant: TestTenant, HostConfig: object) =>
  tenant.admin.send('POST', '/containers/create', { Image: app.image, Cmd: ['cat', '/x/file'], HostConfig });

const ids = async ({ admin }: TestTenant) =>
  (await admin.expect<{ Id: string }[]>(200, 'GET', '/containers/json?all=1')).map(({ Id }) => Id);

async function lines(id: string): Promise<string> {
  await app.a.admin.expect(204, 'POST', `/containers/${id}/start`);
  await app.a.admin.expect(200, 'POST', `/containers/${id}/wait`);
  return (await app.a.admin.send('GET', `/v1/containers/${id}/logs`)).text();
}

test('a granted folder is mounted, with -v and with --mount', async () => {
  const source = join(folder, 'granted/src');
  const ways = [
    { Binds: [`${source}:/x:ro`] },
    { Mounts: [{ Type: 'bind', Source: source, Target: '/x', ReadOnly: true }] },
  ];
  for (const way of ways) {
    const { Id } = (await (await create(app.a, way)).json()) as { Id: string };
    expect(await lines(Id)).toBe('ours\n');
    const { HostConfig, Mounts } = await openDocker(testDockerHost()).getContainer(`ls-${Id}-1`).inspect();
    expect(HostConfig.Mounts).toMatchObject([{ Type: 'bind', Source: source, ReadOnly: true }]);
    expect(Mounts).toMatchObject([{ Type: 'bind', RW: false, Propagation: 'rprivate' }]);
    expect(await app.a.admin.expect(200, 'GET', `/containers/${Id}/json`)).toMatchObject({
      HostConfig: { Binds: [`${source}:/x:ro`] },
    });
  }
});

test('anything else is refused, and nothing is made', async () => {
  const refused: [TestTenant, string][] = [
    [app.b, `${folder}/granted/src`],
    [app.a, `${folder}/secret`],
    [app.a, `${folder}/granted/escape`],
    [app.a, `${folder}/granted/../secret`],
    [app.a, '/'],
    [app.a, '/var/run/docker.sock'],
  ];
  for (const [tenant, source] of refused) {
    const before = await ids(tenant);
    const answer = await create(tenant, { Binds: [`${source}:/x`] });
    expect([400, 403]).toContain(answer.status);
    expect(await answer.text()).not.toContain('secret\n');
    expect(await ids(tenant)).toEqual(before);
  }
});

test('a folder that became a link out of the granted one is not mounted', async () => {
  const source = join(folder, 'granted/swapped');
  mkdirSync(source);
  const { Id } = (await (await create(app.a, { Binds: [`${source}:/x`] })).json()) as { Id: string };
  renameSync(source, `${source}-away`);
  symlinkSync(join(folder, 'secret'), source);
  await app.a.admin.expect(403, 'POST', `/containers/${Id}/start`);
  const { State } = await openDocker(testDockerHost()).getContainer(`ls-${Id}-1`).inspect();
  expect(State.Status).toBe('created');
});
