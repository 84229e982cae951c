/** Request limits shared through Postgres: many processes together stay below them, and none has another's turn. */
import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { connect, type Db } from '../../src/db/client.ts';
import { sharedBuckets } from '../../src/db/request-buckets.ts';
import { systemClock } from '../../src/domain/clock.ts';
import { createThrottle } from '../../src/providers/aws/throttle.ts';
import { type TestDatabase, testDatabase } from '../support/postgres.ts';

let database: TestDatabase;
let db: Db;
beforeAll(async () => {
  database = await testDatabase();
  db = connect({ url: database.url, connections: 8 });
});
afterAll(async () => {
  await db.close();
  await database.close();
});

const live = new AbortController().signal;

test('eight processes that draw at once get what is there, and not one token more', async () => {
  const limit = { name: randomUUID(), burst: 50, perSecond: 0.001 };
  const draws = await Promise.all(
    Array.from({ length: 8 }, (_, at) => sharedBuckets(db, `process-${at}`).draw(limit, { tenant: 20 })),
  );
  const granted = draws.reduce((sum, draw) => sum + (draw.granted.tenant ?? 0), 0);
  expect(granted).toBe(50);
  expect(draws.every(({ waitMs }, at) => waitMs > 0 || draws[at]?.granted.tenant === 20)).toBe(true);
});

test('a tenant gets its turn wherever it asks, beside one that asks for much elsewhere', async () => {
  const limit = { name: randomUUID(), burst: 10, perSecond: 50 };
  const [one, other] = ['one', 'other'].map((process) =>
    createThrottle(systemClock, sharedBuckets(db, process), [{ ...limit, actions: ['ecs:RunTask'] }]),
  );
  const served: string[] = [];
  const ask = (from: typeof one, lane: string) => from?.take('ecs:RunTask', lane, live).then(() => served.push(lane));
  const greedy = Array.from({ length: 60 }, () => ask(one, 'greedy'));
  const modest = Array.from({ length: 10 }, () => ask(other, 'modest'));
  await Promise.all([...greedy, ...modest]);
  // In turns they would be the first twenty; a process draws a few at a time.
  expect(served.lastIndexOf('modest')).toBeLessThan(40);
});

test('without Postgres nobody may go, and says so', async () => {
  const away = connect({ url: 'postgres://nobody@127.0.0.1:1/none', connections: 1 });
  const throttle = createThrottle(systemClock, sharedBuckets(away, 'lonely'));
  await expect(throttle.take('ecs:RunTask', 'tenant', live)).rejects.toMatchObject({ code: 'unavailable' });
  await away.close();
});
