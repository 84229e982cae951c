/** A tombstone against an intent that commits while it is being written. Needs Postgres. */
import postgres from 'postgres';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { connectionOptions } from '../../src/db/client.ts';
import { containerSpec } from '../../src/domain/container-spec.ts';
import { removeContainer } from '../../src/services/container-verbs.ts';
import { createContainer } from '../../src/services/containers.ts';
import { tenantCtx, testDeps } from '../support/deps.ts';
import { type TestDatabase, testDatabase } from '../support/postgres.ts';
import { pulled } from '../support/pulled.ts';
import { waitFor } from '../support/wait-for.ts';

let database: TestDatabase;
let sql: postgres.Sql;
beforeAll(async () => {
  database = await testDatabase();
  sql = postgres({ ...connectionOptions(database.url), max: 2 });
});
afterAll(async () => {
  await sql.end();
  await database.close();
});

it('no operation is left open by a second removal that commits while the first one is recorded', async () => {
  const destroying = Promise.withResolvers<void>();
  const asked = Promise.withResolvers<void>();
  const before = async ({ name }: { name: string }) => {
    if (name !== 'destroy') return;
    destroying.resolve();
    await asked.promise;
  };
  const deps = await testDeps(database.url, {}, { before });
  const ctx = await tenantCtx(deps, 'a');
  await pulled(deps, ctx, 'app');
  const { container } = await createContainer(deps, ctx, { spec: containerSpec.parse({ image: 'app' }), start: false });
  const removal = removeContainer(deps, ctx, container.id, { force: true, volumes: false });
  await destroying.promise;
  await sql.begin(async (second) => {
    await second`update containers set generation = generation + 1, next_run_at = now() where id = ${container.id}`;
    await second`insert into operations (tenant_id, id, container_id, kind, generation, actor)
      select tenant_id, gen_random_uuid(), id, 'remove', generation, '{"kind":"operator","id":"operator"}'::jsonb
      from containers where id = ${container.id}`;
    asked.resolve();
    // The record has looked, without seeing the operation, and waits for the row.
    await waitFor(async () => (await sql`select from pg_stat_activity where wait_event_type = 'Lock'`).length > 0);
  });
  expect((await removal).container.removedAt).not.toBeNull();
  expect(await sql`select kind, state from operations where state = 'accepted'`).toEqual([]);
  await deps.db.close();
});
