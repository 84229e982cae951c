/** Mounts of the host's paths: what is looked at, and when. The host is pretended. Needs Postgres. */
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest';
import type { Deps } from '../../src/context.ts';
import { containerSpec } from '../../src/domain/container-spec.ts';
import { startContainer } from '../../src/services/container-verbs.ts';
import { createContainer, getContainer } from '../../src/services/containers.ts';
import { tenantCtx, testDeps } from '../support/deps.ts';
import { type TestDatabase, testDatabase } from '../support/postgres.ts';
import { pulled } from '../support/pulled.ts';

let database: TestDatabase;
let deps: Deps;
/** What is on the host: paths, and where they lead. */
const files = new Map<string, string>();
let looks = 0;
let onLook: (look: number) => void = () => {};

beforeAll(async () => {
  database = await testDatabase();
  const made = await testDeps(database.url, { LONGSHORE_DEV_BINDS: 'ann=/srv/ann:ann=/more:/home/dev' } as object);
  const hostPath = async (path: string) => {
    onLook(looks++);
    return files.get(path) ?? null;
  };
  deps = { ...made, provider: { ...made.provider, hostPath } };
});
beforeEach(() => {
  files.clear();
  for (const path of ['/srv/ann', '/srv/ann/app', '/home/dev', '/srv/annex', '/etc', '/srv/ann/link'])
    files.set(path, path);
  files.set('/srv/ann/link', '/srv/ann/app');
  files.set('/srv/ann/out', '/etc');
  onLook = () => {};
  looks = 0;
});
afterAll(async () => {
  await deps.db.close();
  await database.close();
});

async function create(tenant: string, source: string, start = false) {
  const ctx = await tenantCtx(deps, tenant);
  await pulled(deps, ctx, 'app:1');
  const mounts = [{ type: 'bind' as const, source, target: '/x' }];
  const spec = containerSpec.parse({ image: 'app:1', command: ['sleep', '60'], mounts });
  return { ctx, ...(await createContainer(deps, ctx, { spec, start })) };
}

test('a path below a granted folder is mounted, links resolved', async () => {
  const { container } = await create('ann', '/srv/ann/link', true);
  expect(container.spec.mounts).toEqual([{ type: 'bind', source: '/srv/ann/app', target: '/x', readOnly: false }]);
  expect(container.run.phase).toBe('running');
  await expect(create('dev', '/home/dev')).resolves.toMatchObject({ converged: true });
});

test('a tenant without a grant is told what to use instead, and nothing of the host', async () => {
  const refusal = { code: 'forbidden', message: expect.stringMatching(/^mounts\.0: .*use a volume/) };
  await expect(create('bob', '/srv/ann/app')).rejects.toMatchObject(refusal);
  await expect(create('bob', '/nothing/there')).rejects.toMatchObject(refusal);
  expect(looks).toBe(0);
});

test.for([
  ['of another tenant', '/home/dev'],
  ['beside it, with a name that begins alike', '/srv/annex'],
  ['that leads out of it', '/srv/ann/out'],
  ['of the host', '/etc'],
  ['that is not there', '/srv/ann/none'],
  ['below a granted folder that is not there', '/more/x'],
] as const)('a path %s is refused with the same words', async ([, source]) => {
  const message = `mounts.0: ${source} is not a path below a folder that the operator allows`;
  await expect(create('ann', source)).rejects.toMatchObject({ code: 'forbidden', message });
});

test('a path that is swapped after it was accepted is not mounted', async () => {
  const made = async () =>
    (await deps.provider.listOwned({ signal: AbortSignal.timeout(5000) })).filter(({ kind }) => kind === 'container');
  const before = await made();
  onLook = (look) => {
    if (look === 2) files.set('/srv/ann/app', '/etc');
  };
  await expect(create('ann', '/srv/ann/app', true)).rejects.toMatchObject({ code: 'forbidden' });
  expect(await made()).toEqual(before);
});

test('a path that is swapped between create and start is not mounted, and may be put back', async () => {
  const { ctx, container } = await create('ann', '/srv/ann/app');
  for (const elsewhere of ['/etc', '/srv/ann']) {
    files.set('/srv/ann/app', elsewhere);
    await expect(startContainer(deps, ctx, container.id)).rejects.toMatchObject({ code: 'forbidden' });
    expect((await getContainer(deps, ctx, container.id)).run.phase).toBe('failed');
  }
  files.set('/srv/ann/app', '/srv/ann/app');
  expect((await startContainer(deps, ctx, container.id)).container.run.phase).toBe('running');
});
