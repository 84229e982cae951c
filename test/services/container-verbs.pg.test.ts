import postgres from 'postgres';
import { afterAll, beforeAll, expect, it, vi } from 'vitest';
import type { Ctx, Deps } from '../../src/context.ts';
import { connectionOptions } from '../../src/db/client.ts';
import { statusOf } from '../../src/domain/container.ts';
import { containerSpec } from '../../src/domain/container-spec.ts';
import { pauseContainer, startContainer, stopContainer } from '../../src/services/container-verbs.ts';
import { createContainer } from '../../src/services/containers.ts';
import { tenantCtx, testDeps } from '../support/deps.ts';
import { type TestDatabase, testDatabase } from '../support/postgres.ts';
import { shareImage } from '../support/shared-image.ts';

let database: TestDatabase;
let sql: postgres.Sql;
let deps: Deps;
let ctx: Ctx;

beforeAll(async () => {
  database = await testDatabase();
  sql = postgres({ ...connectionOptions(database.url), max: 1 });
  deps = await testDeps(database.url);
  await shareImage(database.url, deps.provider, 'busybox');
  ctx = await tenantCtx(deps, 'verbs');
});
afterAll(async () => {
  await deps.db.close();
  await sql.end();
  await database.close();
});

const create = async (start: boolean) => {
  const spec = containerSpec.parse({ image: 'busybox', command: ['sleep', '600'] });
  return (await createContainer(deps, ctx, { spec, start })).container;
};

it('a verb after another one of the same process reads nothing first', async () => {
  const { id } = await create(false);
  const reads = vi.spyOn(deps.db, 'query');
  const { container } = await startContainer(deps, ctx, id);
  expect(statusOf(container)).toBe('running');
  expect(reads.mock.calls.filter(([role]) => role === 'app')).toHaveLength(0);
  reads.mockRestore();
});

it('what another process has recorded since is what a verb is judged on', async () => {
  const { id } = await create(true);
  await sql`update containers set fence = fence + 1 where id = ${id}`;
  await sql`update runs set phase = 'exited', exit_code = 3 where container_id = ${id}`;
  await expect(pauseContainer(deps, ctx, id)).rejects.toMatchObject({ code: 'conflict', details: { state: 'exited' } });
});

it('what another process has accepted since is not undone', async () => {
  const { id } = await create(true);
  await sql`update containers set generation = generation + 1, name = 'renamed-meanwhile' where id = ${id}`;
  const { container } = await stopContainer(deps, ctx, id, { graceSeconds: 0 });
  expect(container).toMatchObject({ name: 'renamed-meanwhile', desired: 'stopped' });
});

it('that nothing is to be done is never said of a snapshot', async () => {
  const { id } = await create(true);
  await sql`update containers set desired = 'removed', removed_at = now() where id = ${id}`;
  await expect(startContainer(deps, ctx, id)).rejects.toMatchObject({ code: 'not_found' });
});
