/** Taking tenants apart, when some of it fails or comes too late. Needs Postgres. */
import postgres from 'postgres';
import { afterAll, beforeAll, expect, test } from 'vitest';
import type { Deps } from '../../src/context.ts';
import { connectionOptions } from '../../src/db/client.ts';
import { eraseTenant } from '../../src/db/tenant-deletion.ts';
import { containerSpec } from '../../src/domain/container-spec.ts';
import { AppError } from '../../src/domain/errors.ts';
import { finishTenantDeletions } from '../../src/reconcile/tenant-deletion.ts';
import { createContainer, getContainer } from '../../src/services/containers.ts';
import { deleteTenant } from '../../src/services/tenants.ts';
import { operatorCtx, tenantCtx, testDeps } from '../support/deps.ts';
import { type TestDatabase, testDatabase } from '../support/postgres.ts';
import { pulled } from '../support/pulled.ts';

let database: TestDatabase;
let sql: postgres.Sql;
let deps: Deps;
let stuckNetwork: string | null = null;
const forever = new AbortController().signal;

beforeAll(async () => {
  database = await testDatabase();
  sql = postgres({ ...connectionOptions(database.url), max: 1 });
  const before = async ({ name, key }: { name: string; key: string | null }) => {
    if (name === 'networks.remove' && key === stuckNetwork) throw new AppError('conflict', 'Containers are attached');
  };
  deps = await testDeps(database.url, {}, { before });
});
afterAll(async () => {
  await deps.db.close();
  await sql.end();
  await database.close();
});

test('one that is stuck keeps no other from going, and goes when it can', async () => {
  const stuck = await tenantCtx(deps, 'stuck');
  const [network] = await sql`select provider_key from networks where tenant_id = ${stuck.principal.tenantId}`;
  stuckNetwork = network?.provider_key as string;
  for (const name of ['first', 'last']) await tenantCtx(deps, name);
  for (const name of ['first', 'stuck', 'last']) await deleteTenant(deps, operatorCtx(deps), name);
  expect(await finishTenantDeletions(deps, forever)).toEqual({ erased: 2, pending: 0 });
  stuckNetwork = null;
  expect(await finishTenantDeletions(deps, forever)).toEqual({ erased: 1, pending: 0 });
  expect(await sql`select from tenants where name in ('first', 'stuck', 'last')`).toHaveLength(0);
});

test('one with a container that was accepted in the last moment keeps all of its rows', async () => {
  const ctx = await tenantCtx(deps, 'late');
  await pulled(deps, ctx, 'app');
  await createContainer(deps, ctx, { name: 'late', spec: containerSpec.parse({ image: 'app' }), start: false });
  await expect(eraseTenant(deps.db, ctx.principal.tenantId)).rejects.toMatchObject({ code: '23503' });
  expect(await getContainer(deps, ctx, 'late')).toMatchObject({ name: 'late', run: { phase: 'created' } });
});
