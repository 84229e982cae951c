/** An installation of functions only, in which nothing lives: nobody is woken, and the database may sleep. Needs Postgres. */
import postgres from 'postgres';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { parseConfig } from '../../src/config.ts';
import type { Ctx, Deps } from '../../src/context.ts';
import { connectionOptions } from '../../src/db/client.ts';
import { buildDeps } from '../../src/deps.ts';
import { containerSpec } from '../../src/domain/container-spec.ts';
import { background } from '../../src/lambda/background.ts';
import { sweepFor } from '../../src/reconcile/bounded.ts';
import { removeContainer } from '../../src/services/container-verbs.ts';
import { createContainer, getContainer } from '../../src/services/containers.ts';
import { deleteTenant, getTenant } from '../../src/services/tenants.ts';
import { type ManualClock, manualClock } from '../aws-fake/clock.ts';
import { type AwsBackground, openAwsBackground } from '../support/aws-background.ts';
import { type DatabaseTime, databaseTime } from '../support/database-time.ts';
import { operatorCtx, tenantCtx } from '../support/deps.ts';
import { type TestDatabase, testDatabase } from '../support/postgres.ts';

const minute = 60_000;
let clock: ManualClock;
let aws: AwsBackground;
let database: TestDatabase;
let time: DatabaseTime;
let deps: Deps;
let ctx: Ctx;
let sweeps = 0;
let connections = 0;

beforeAll(async () => {
  clock = manualClock();
  [aws, database] = await Promise.all([openAwsBackground(clock), testDatabase()]);
  time = databaseTime(database.url);
  const config = parseConfig({ ...aws.settings, LONGSHORE_SWEEP_RULE: 'sweep', DATABASE_URL: database.url });
  deps = await buildDeps(config);
  const makeDeps = async () => {
    const own = await buildDeps(config);
    const counted =
      <A extends unknown[], R>(call: (...args: A) => R) =>
      (...args: A): R => {
        connections += 1;
        return call(...args);
      };
    const { query, batch, transaction, close } = own.db;
    const db = { query: counted(query), batch: counted(batch), transaction: counted(transaction) as never, close };
    return { ...own, db };
  };
  const sweep = background(config, (own, _event: unknown, remainingMs) => sweepFor(own, remainingMs), makeDeps);
  aws.fake.functions.set(aws.sweepArn, async () => {
    sweeps += 1;
    await sweep({}, { getRemainingTimeInMillis: () => 30_000 });
  });
  ctx = await tenantCtx(deps, 'a');
  await aws.giveImage(deps, ctx);
});
afterAll(async () => {
  await deps.db.close();
  await time.close();
  const { failures, violations } = aws.fake;
  await aws.fake.close();
  await database.close();
  expect({ failures, violations }).toEqual({ failures: [], violations: [] });
});

/** Answers how often the sweep was invoked meanwhile. */
async function pass(minutes: number): Promise<number> {
  const before = sweeps;
  for (let passed = 0; passed < minutes; passed++) {
    await time.advance(60);
    await clock.advance(minute);
  }
  return sweeps - before;
}

const calls = (action: string) => aws.fake.calls.filter((call) => call.action === action).length;
const isEnabled = () => aws.site.rules.find('sweep').isEnabled;

/** Sessions that are not this test's, as the server sees them. */
async function sessions(): Promise<number> {
  const sql = postgres({ ...connectionOptions(database.url), max: 1 });
  try {
    const [row] = await sql`select count(*)::int as count from pg_stat_activity
      where datname = current_database() and usename in ('longshore_app', 'longshore_reconciler')`;
    return Number(row?.count);
  } finally {
    await sql.end();
  }
}

test('thirty idle minutes open no connection', async () => {
  await pass(3);
  expect(isEnabled()).toBe(false);
  await deps.db.close();
  const before = connections;
  expect(await pass(30)).toBe(0);
  expect(connections).toBe(before);
  expect(await sessions()).toBe(0);
});

test('work switches the schedule on before it is accepted, and the end of all work off', async () => {
  const spec = containerSpec.parse({ image: 'app' });
  expect(isEnabled()).toBe(false);
  const [enabled, created] = [calls('events:EnableRule'), calls('ecs:RunTask')];
  const made = createContainer(deps, ctx, { spec, start: true });
  const { container } = await made;
  expect({ enabled: calls('events:EnableRule') - enabled, tasks: calls('ecs:RunTask') - created }).toEqual({
    enabled: 1,
    tasks: 1,
  });
  expect(isEnabled()).toBe(true);
  // One that lives keeps the background awake, and nobody asks AWS again.
  expect(await pass(10)).toBe(10);
  await createContainer(deps, ctx, { spec, start: false });
  expect(calls('events:EnableRule') - enabled).toBe(1);
  for (const each of aws.runtime.running) each.end({ exitCode: 5 });
  await pass(2);
  expect((await getContainer(deps, ctx, container.id)).run).toMatchObject({ phase: 'exited', exitCode: 5 });
  expect(isEnabled()).toBe(false);
  expect(await pass(30)).toBe(0);
  await removeContainer(deps, ctx, container.id, { force: false, volumes: false });
  expect(isEnabled()).toBe(true);
  // What a removed one may have left at AWS is looked for as long as a late request is taken there.
  expect(await pass(5)).toBe(5);
  await pass(3);
  expect(isEnabled()).toBe(false);
});

test('the deletion of a tenant is carried out by a background that it has woken', async () => {
  await tenantCtx(deps, 'b');
  expect(isEnabled()).toBe(false);
  await deleteTenant(deps, operatorCtx(deps), 'b');
  expect(isEnabled()).toBe(true);
  await pass(2);
  await expect(getTenant(deps, 'b')).rejects.toMatchObject({ code: 'not_found' });
  expect(isEnabled()).toBe(false);
});
