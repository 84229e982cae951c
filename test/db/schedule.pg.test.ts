/** Why nobody goes to sleep beside work that is being accepted: both lock the same tables. Needs real connections. */
import postgres from 'postgres';
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest';
import type { Ctx, Deps } from '../../src/context.ts';
import { connectionOptions } from '../../src/db/client.ts';
import { beginClosing, readSchedule } from '../../src/db/schedule.ts';
import { containerSpec } from '../../src/domain/container-spec.ts';
import { connectContainer } from '../../src/services/attachments.ts';
import { stopContainer } from '../../src/services/container-verbs.ts';
import { createContainer } from '../../src/services/containers.ts';
import { createNetwork } from '../../src/services/networks.ts';
import { createTenant, deleteTenant } from '../../src/services/tenants.ts';
import { operatorCtx, tenantCtx, testDeps } from '../support/deps.ts';
import { type TestDatabase, testDatabase } from '../support/postgres.ts';
import { pulled } from '../support/pulled.ts';
import { waitFor } from '../support/wait-for.ts';

let database: TestDatabase;
let owner: postgres.Sql;
let deps: Deps;
let ctx: Ctx;
let orders: string[] = [];
beforeAll(async () => {
  database = await testDatabase();
  owner = postgres({ ...connectionOptions(database.url), max: 3 });
  const order = (what: string) => async () => void orders.push(what);
  const schedule = { enable: order('on'), disable: order('off') };
  deps = { ...(await testDeps(database.url)), schedule };
  ctx = await tenantCtx(deps, 'a');
  await pulled(deps, ctx, 'app');
});
afterAll(async () => {
  await deps.db.close();
  await owner.end();
  await database.close();
});
beforeEach(() => {
  orders = [];
});

const spec = containerSpec.parse({ image: 'app' });
const become = (state: string) =>
  owner`update schedule set state = ${state}, version = version + 1, changed_at = longshore_now() - interval '1 hour', heard_at = longshore_now()`;
const settle = () => owner`update containers set next_run_at = null`;

test('whatever is accepted switches the schedule on first, and asks for it only once', async () => {
  await become('off');
  const { container } = await createContainer(deps, ctx, { spec, start: true });
  expect(orders).toEqual(['on']);
  const network = await createNetwork(deps, ctx, { name: 'back', labels: {}, internal: false });
  const at = { network: network.id, container: container.id, aliases: [] };
  const accepts = [
    () => connectContainer(deps, ctx, at),
    () => stopContainer(deps, ctx, container.id, {}),
    () => deleteTenant(deps, operatorCtx(deps), 'b'),
  ];
  await createTenant(deps, operatorCtx(deps), { name: 'b', quotas: {} });
  for (const accept of accepts) {
    await become('off');
    orders = [];
    await accept();
    expect(orders).toEqual(['on']);
    expect((await readSchedule(deps.db)).isOn).toBe(true);
  }
  orders = [];
  await createContainer(deps, ctx, { spec, start: false });
  expect(orders).toEqual([]);
});

test('what is refused anyway switches nothing on', async () => {
  await become('off');
  await expect(createContainer(deps, ctx, { spec, start: false, name: 'twice' })).resolves.toBeDefined();
  await become('off');
  orders = [];
  const again = createContainer(deps, ctx, { spec, start: false, name: 'twice' });
  await expect(again).rejects.toMatchObject({ code: 'conflict' });
  expect(orders).toEqual([]);
});

test('nobody closes while somebody is accepting', async () => {
  await owner`update tenants set deleting_at = null`;
  await settle();
  await become('on');
  const held = Promise.withResolvers<void>();
  const begun = Promise.withResolvers<void>();
  const writing = owner.begin(async (sql) => {
    await sql`update containers set attempts = attempts`;
    begun.resolve();
    await held.promise;
  });
  await begun.promise;
  expect(await beginClosing(deps.db)).toBeNull();
  held.resolve();
  await writing;
  expect(await beginClosing(deps.db)).toMatchObject({ seconds: expect.any(Number) });
});

test('who accepts while somebody closes waits for that, and then finds it closed', async () => {
  await settle();
  await become('on');
  const held = Promise.withResolvers<void>();
  const begun = Promise.withResolvers<void>();
  const closing = owner.begin(async (sql) => {
    await sql`lock table containers, tenants in share mode`;
    await sql`update schedule set state = 'off', version = version + 1`;
    begun.resolve();
    await held.promise;
  });
  await begun.promise;
  const creating = createContainer(deps, ctx, { spec, start: false });
  await waitFor(async () => {
    const [row] =
      await owner`select count(*)::int as waiting from pg_locks where not granted and relation = 'containers'::regclass`;
    return row?.waiting === 1;
  });
  expect(orders).toEqual([]);
  held.resolve();
  await Promise.all([closing, creating]);
  expect(orders).toEqual(['on']);
});
