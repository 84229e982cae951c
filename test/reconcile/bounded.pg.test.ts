/** A sweep that has little time begins nothing that it has no time for, and the next one goes on where it stopped. Needs Postgres. */
import postgres from 'postgres';
import { afterAll, beforeAll, expect, test } from 'vitest';
import type { Ctx, Deps } from '../../src/context.ts';
import { connectionOptions } from '../../src/db/client.ts';
import { containerSpec } from '../../src/domain/container-spec.ts';
import { sweepFor } from '../../src/reconcile/bounded.ts';
import { workOff } from '../../src/reconcile/rounds.ts';
import { sweepInTurn } from '../../src/reconcile/sweep.ts';
import { createContainer } from '../../src/services/containers.ts';
import { tenantCtx, testDeps } from '../support/deps.ts';
import { type TestDatabase, testDatabase } from '../support/postgres.ts';
import { pulled } from '../support/pulled.ts';

/** What an invocation keeps for the end. */
const reserveMs = 25_000;
let database: TestDatabase;
let sql: postgres.Sql;
let deps: Deps;
let ctx: Ctx;
let slowMs = 0;
beforeAll(async () => {
  database = await testDatabase();
  sql = postgres({ ...connectionOptions(database.url), max: 1 });
  const before = async ({ name }: { name: string }) => {
    if (name === 'observe') await deps.clock.sleep(slowMs);
  };
  deps = await testDeps(database.url, {}, { before });
  ctx = await tenantCtx(deps, 'a');
  await pulled(deps, ctx, 'app');
});
afterAll(async () => {
  await deps.db.close();
  await sql.end();
  await database.close();
});

const due = async () => (await sql`select from containers where next_run_at <= longshore_now()`).length;

test('nothing is begun that could not be ended, and what is left is done by the next', async () => {
  const spec = containerSpec.parse({ image: 'app' });
  for (let made = 0; made < 80; made++) await createContainer(deps, ctx, { spec, start: false });
  await sql`update containers set next_run_at = created_at`;
  expect(await sweepFor(deps, () => reserveMs)).toMatchObject({ turns: 0 });
  expect(await due()).toBe(80);
  slowMs = 300;
  const endsAt = Date.now() + reserveMs + 700;
  const first = await sweepFor(deps, () => endsAt - Date.now());
  expect(endsAt - Date.now()).toBeGreaterThan(reserveMs / 2);
  expect(first.turns).toBeGreaterThan(0);
  expect(first.turns).toBeLessThan(80);
  expect(await due()).toBe(80 - first.turns);
  slowMs = 0;
  expect(await sweepFor(deps, () => 60_000)).toMatchObject({ turns: 80 - first.turns, unfinished: [] });
  expect(await due()).toBe(0);
});

test('a part that takes all the time there is comes last the next time', async () => {
  const endless: Deps = {
    ...deps,
    provider: {
      ...deps.provider,
      listOwned: ({ signal }) =>
        new Promise((_, reject) => signal.addEventListener('abort', () => reject(signal.reason), { once: true })),
    },
  };
  await sql`truncate sweep_turns`;
  const expired = async () => (await sql`select from tickets`).length;
  await sql`insert into tickets (tenant_id, secret_hash, key_id, role, expires_at)
    values (${ctx.principal.tenantId}, 'h', 'k', 'admin', longshore_now() - interval '1 hour')`;
  const first = await sweepInTurn(endless, AbortSignal.timeout(200));
  expect(first.unfinished).toEqual(['orphans', 'tenant deletion', 'retention']);
  expect(await expired()).toBe(1);
  const second = await sweepInTurn(endless, AbortSignal.timeout(2_000));
  expect(second.unfinished).toEqual(['orphans']);
  expect(await expired()).toBe(0);
});

test('what somebody else holds is waited for without asking the database all the time', async () => {
  const { container } = await createContainer(deps, ctx, { spec: containerSpec.parse({ image: 'app' }), start: false });
  await sql`update containers set next_run_at = longshore_now(), lease_owner = 'another',
    lease_until = longshore_now() + interval '1 hour' where id = ${container.id}`;
  let asked = 0;
  const query: Deps['db']['query'] = (role, statement) => {
    asked += 1;
    return deps.db.query(role, statement);
  };
  const endsAt = Date.now() + 1_000;
  expect(await workOff({ ...deps, db: { ...deps.db, query } }, () => endsAt - Date.now(), 1_000)).toBe(0);
  expect(Date.now()).toBeGreaterThanOrEqual(endsAt - 250);
  expect(asked).toBeLessThanOrEqual(12);
  await sql`update containers set next_run_at = null, lease_until = null where id = ${container.id}`;
});
