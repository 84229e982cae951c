/** Readers of a cursor against many writers at once, and what a page of events says about where it ends. Needs Postgres. */
import { sql } from 'drizzle-orm';
import { afterAll, beforeAll, expect, test } from 'vitest';
import type { Deps } from '../../src/context.ts';
import { connect } from '../../src/db/client.ts';
import { readEvents, writeEvents } from '../../src/db/events.ts';
import { json, prepare, statement } from '../../src/db/statements.ts';
import type { TenantEvent } from '../../src/domain/event.ts';
import { systemActor } from '../../src/domain/principal.ts';
import { tenantCtx, testDeps } from '../support/deps.ts';
import { type TestDatabase, testDatabase } from '../support/postgres.ts';

const WRITERS = 16;
const TRANSACTIONS = 25;

let database: TestDatabase;
let deps: Deps;
beforeAll(async () => {
  database = await testDatabase();
  deps = await testDeps(database.url);
});
afterAll(async () => {
  await deps.db.close();
  await database.close();
});

/** Some events by the SQL that every writer of them includes. */
const write = prepare<{ tenantId: string; names: string | null; actor: string | null }>(sql`with changed as (
    select 'volume' as kind, 'created' as type, name as id, name, '{}'::jsonb as data
    from jsonb_array_elements_text(${sql.placeholder('names')}::jsonb) as name), ${writeEvents()}
  select 1`);
const writing = (tenantId: string, names: string[]) =>
  write({ tenantId, names: json(names), actor: json(systemActor) });

const pause = statement(sql`select pg_sleep(random() * 0.01)`);

/** One connection: transactions that wait before they write, wait again before they end, and now and then roll back. */
async function writer(tenantId: string, name: string): Promise<string[]> {
  const db = connect({ url: database.url, connections: 1 });
  const committed: string[] = [];
  for (let turn = 0; turn < TRANSACTIONS; turn++) {
    const names = Array.from({ length: 1 + (turn % 3) }, (_, index) => `${name}.${turn}.${index}`);
    const changesItsMind = turn % 5 === 4;
    const transaction = db.batch('reconciler', [pause, writing(tenantId, names), pause], () => {
      if (changesItsMind) throw new Error('changed its mind');
    });
    if (changesItsMind) await expect(transaction).rejects.toThrow('changed its mind');
    else await transaction.then(() => committed.push(...names));
  }
  await db.close();
  return committed;
}

/** Follows the cursor with small pages until all of them are read after `finished`. */
async function reader(tenantId: string, finished: () => boolean): Promise<TenantEvent[]> {
  const seen: TenantEvent[] = [];
  for (let after = 0; ; ) {
    const last = finished();
    const page = await readEvents(deps.db, tenantId, after, 7, {});
    seen.push(...page.events);
    after = page.next;
    if (last && page.events.length === 0) return seen;
  }
}

test('a reader misses nothing, sees nothing twice and finds no hole, however late and out of order writers commit', async () => {
  const { tenantId } = (await tenantCtx(deps, 'busy')).principal;
  let finished = false;
  const writers = Array.from({ length: WRITERS }, (_, index) => writer(tenantId, `w${index}`));
  const [written, ...readings] = await Promise.all([
    Promise.all(writers).finally(() => {
      finished = true;
    }),
    ...[1, 2].map(() => reader(tenantId, () => finished)),
  ]);
  const committed = written.flat();
  for (const seen of readings) {
    expect(seen.map(({ seq }) => seq)).toEqual(committed.map((_, index) => index + 1));
    expect(seen.map(({ name }) => name).sort()).toEqual([...committed].sort());
  }
});

test('a filtered page goes on behind everything it looked at', async () => {
  const { tenantId } = (await tenantCtx(deps, 'filtered')).principal;
  await deps.db.query('reconciler', writing(tenantId, ['a', 'b', 'a', 'b', 'b']));
  const read = (after: number | null, limit: number, filter = {}) =>
    readEvents(deps.db, tenantId, after, limit, filter);
  expect(await read(0, 1, { resourceId: 'a' })).toMatchObject({ events: [{ seq: 1 }], next: 1 });
  expect(await read(1, 10, { resourceId: 'a' })).toMatchObject({ events: [{ seq: 3 }], next: 5 });
  expect(await read(0, 10, { kind: 'image' })).toMatchObject({ events: [], next: 5, head: 5, oldest: 1 });
  expect(await read(0, 10, { type: 'created', kind: 'volume' })).toMatchObject({ next: 5 });
  expect(await read(null, 10)).toMatchObject({ events: [], next: 5, head: 5 });
});

test('a page knows what is not kept any more', async () => {
  const { tenantId } = (await tenantCtx(deps, 'old')).principal;
  await deps.db.query('reconciler', writing(tenantId, ['a', 'b', 'c']));
  const forget = (seq: number) =>
    deps.db.query('reconciler', statement(sql`delete from events where tenant_id = ${tenantId} and seq <= ${seq}`));
  await forget(2);
  expect(await readEvents(deps.db, tenantId, 0, 10, {})).toMatchObject({ events: [{ seq: 3 }], oldest: 3, head: 3 });
  await forget(3);
  expect(await readEvents(deps.db, tenantId, 0, 10, {})).toMatchObject({ events: [], oldest: 4, head: 3, next: 3 });
});
