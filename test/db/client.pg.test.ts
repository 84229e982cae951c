/** Connections that break under a statement, inside and outside of a transaction. */
import postgres from 'postgres';
import { afterAll, afterEach, beforeAll, beforeEach, expect, onTestFinished, test, vi } from 'vitest';
import { connect, connectionOptions, type Db, type Statement } from '../../src/db/client.ts';
import { type TestDatabase, testDatabase } from '../support/postgres.ts';
import { waitFor } from '../support/wait-for.ts';

let database: TestDatabase;
let admin: postgres.Sql;
let db: Db;
beforeAll(async () => {
  database = await testDatabase();
  admin = postgres({ ...connectionOptions(database.url), max: 1 });
  await admin`create table marks (mark text primary key)`;
  await admin`grant select, insert on marks to longshore_reconciler`;
});
afterAll(async () => {
  await admin.end();
  await database.close();
});
beforeEach(() => {
  db = connect({ url: database.url, connections: 1 });
});
afterEach(() => db.close());

const sleeping: Statement = { text: 'select pg_sleep(60)', params: [] };
const answer: Statement = { text: 'select $1::int as answer', params: [42] };
const insert = (mark: string): Statement => ({ text: 'insert into marks values ($1)', params: [mark] });

/** Cuts off whoever sleeps, once somebody does. */
function cutOff(): Promise<unknown> {
  return waitFor(async () => {
    const cut = await admin`select pg_terminate_backend(pid) from pg_stat_activity
      where datname = current_database() and state = 'active' and query like '%pg_sleep%' and pid <> pg_backend_pid()`;
    return cut.length > 0;
  });
}

test('a connection that was not used for a minute is not trusted: the process may have stood still meanwhile', async () => {
  const backend = async () => (await db.query('app', { text: 'select pg_backend_pid() as pid', params: [] }))[0]?.pid;
  const first = await backend();
  expect(await backend()).toBe(first);
  vi.useFakeTimers({ now: Date.now() + 61_000, toFake: ['Date'] });
  onTestFinished(() => void vi.useRealTimers());
  expect(await backend()).not.toBe(first);
});

const lost: Record<string, () => Promise<unknown>> = {
  'a statement': () => db.query('reconciler', sleeping),
  'a batch': () => db.batch('reconciler', [insert('of a lost batch'), sleeping, answer]),
  'a transaction': () =>
    db.transaction('reconciler', async (orm) => {
      await orm.execute("insert into marks values ('of a lost transaction')");
      await orm.execute(sleeping.text);
    }),
};

test.for(Object.entries(lost))('after %s lost its connection, all others have one', async ([, lose]) => {
  await Promise.all([expect(lose()).rejects.toMatchObject({ code: 'unavailable' }), cutOff()]);
  expect(await db.query('reconciler', answer)).toEqual([{ answer: 42 }]);
  const results = await db.batch('reconciler', [answer, answer]);
  expect(results).toEqual([[{ answer: 42 }], [{ answer: 42 }]]);
  expect(await db.query('reconciler', { text: 'select * from marks', params: [] })).toEqual([]);
});

test('a session whose process stands still ends by itself, and who wakes up has another', async () => {
  const [set] = await db.query('app', { text: "select current_setting('idle_session_timeout') as idle", params: [] });
  expect(set).toEqual({ idle: '2min' });
  await db.close();
  const short = new URL(database.url);
  short.searchParams.set('idle_session_timeout', '100ms');
  db = connect({ url: short.href, connections: 1 });
  expect(await db.query('reconciler', answer)).toEqual([{ answer: 42 }]);
  const sessions = () =>
    admin`select from pg_stat_activity where datname = current_database() and usename = 'longshore_reconciler'`;
  await waitFor(async () => (await sessions()).length === 0);
  expect(await db.query('reconciler', answer)).toEqual([{ answer: 42 }]);
});

test('a transaction that is refused leaves nothing, and its connection to others', async () => {
  const refused = new Error('refused');
  const refuse = () => {
    throw refused;
  };
  await expect(db.batch('reconciler', [insert('refused')], refuse)).rejects.toBe(refused);
  const twice = db.batch('reconciler', [insert('twice'), insert('twice'), answer]);
  await expect(twice).rejects.toMatchObject({ code: '23505' });
  expect(await db.query('reconciler', { text: 'select * from marks', params: [] })).toEqual([]);
});
