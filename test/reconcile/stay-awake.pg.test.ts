/** Work that nobody accepted, because an event brought it, finds somebody who carries it on. Needs Postgres. */
import postgres from 'postgres';
import { afterAll, beforeAll, expect, test } from 'vitest';
import type { Deps } from '../../src/context.ts';
import { connectionOptions } from '../../src/db/client.ts';
import { containerSpec } from '../../src/domain/container-spec.ts';
import { AppError } from '../../src/domain/errors.ts';
import type { ProviderEvent } from '../../src/providers/provider.ts';
import { carryOn } from '../../src/reconcile/bounded.ts';
import { createContainer } from '../../src/services/containers.ts';
import { tenantCtx, testDeps } from '../support/deps.ts';
import { type TestDatabase, testDatabase } from '../support/postgres.ts';
import { pulled } from '../support/pulled.ts';

let database: TestDatabase;
let sql: postgres.Sql;
let deps: Deps;
let event: ProviderEvent;
let orders: string[] = [];
let isDenied = false;
let isAway = false;
beforeAll(async () => {
  database = await testDatabase();
  sql = postgres({ ...connectionOptions(database.url), max: 1 });
  const order = (what: string) => async () => {
    if (isDenied) throw new AppError('unavailable', 'not now');
    orders.push(what);
  };
  const before = async ({ name }: { name: string }) => {
    if (isAway && name === 'observe') throw new AppError('unavailable', 'The provider is away');
  };
  const schedule = { enable: order('on'), disable: order('off') };
  deps = { ...(await testDeps(database.url, {}, { before })), schedule };
  const ctx = await tenantCtx(deps, 'a');
  await pulled(deps, ctx, 'app');
  const { container } = await createContainer(deps, ctx, { spec: containerSpec.parse({ image: 'app' }), start: false });
  const { tenantId, id: containerId, run } = container;
  event = { tenantId, containerId, incarnation: run.incarnation, version: 1003, news: 'changed' };
});
afterAll(async () => {
  await deps.db.close();
  await sql.end();
  await database.close();
});

const fallAsleep = () => sql`update schedule set state = 'off', version = version + 1`;
const remaining = () => 30_000;

test('an event that leaves nothing to do switches nothing on', async () => {
  await fallAsleep();
  orders = [];
  await carryOn(deps, [event], remaining);
  expect(orders).toEqual([]);
});

test('an event that leaves something to do switches the schedule on', async () => {
  await fallAsleep();
  isAway = true;
  await carryOn(deps, [{ ...event, version: 1004 }], remaining);
  expect(orders).toEqual(['on']);
});

test('while that cannot be done the event comes again, and is worked on all the same', async () => {
  await fallAsleep();
  isDenied = true;
  await sql`update containers set next_run_at = longshore_now()`;
  await expect(carryOn(deps, [{ ...event, version: 1005 }], remaining)).rejects.toMatchObject({ code: 'unavailable' });
  const [row] = await sql`select attempts from containers`;
  expect(row?.attempts).toBeGreaterThan(0);
  [isDenied, isAway, orders] = [false, false, []];
  await sql`update containers set next_run_at = longshore_now()`;
  await carryOn(deps, [{ ...event, version: 1005 }], remaining);
  expect(await sql`select from containers where next_run_at is not null`).toHaveLength(0);
});
