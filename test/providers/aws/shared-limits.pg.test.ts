/** Two processes over one Postgres keep below the limits of the account that they share. */
import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { connect, type Db } from '../../../src/db/client.ts';
import { sharedBuckets } from '../../../src/db/request-buckets.ts';
import { type TestDatabase, testDatabase } from '../../support/postgres.ts';
import { live, type RunsBench, startRunsBench } from './runs-bench.ts';

const starts = 60;
let database: TestDatabase;
let dbs: Db[];
let bench: RunsBench;
beforeAll(async () => {
  database = await testDatabase();
  dbs = [1, 2].map(() => connect({ url: database.url, connections: 2 }));
  bench = await startRunsBench({ inRealTime: true });
});
afterAll(async () => {
  for (const db of dbs) await db.close();
  await bench.close();
  await database.close();
});

test('all of their starts succeed below the limit, although each alone would use the whole of it', async () => {
  const tenants = [randomUUID(), randomUUID()];
  for (const tenant of tenants) await bench.hold(tenant);
  const began = performance.now();
  const processes = dbs.map((db, at) => bench.anotherProvider({ buckets: sharedBuckets(db, `process-${at}`) }));
  const all = processes.flatMap((provider) =>
    Array.from({ length: starts / processes.length }, async (_, at) => {
      const input = bench.input({}, tenants[at % tenants.length]);
      const { handle } = await provider.create(input, live);
      await provider.start({ key: input.key, handle }, live);
    }),
  );
  await Promise.all(all);
  const seconds = (performance.now() - began) / 1000;
  console.log(`${starts} starts by two processes in ${seconds.toFixed(1)} s`);
  expect(bench.tasks()).toHaveLength(starts);
  // The published limit is 20 and 20 a second: two processes that did not know of each other would be through at once.
  expect(seconds).toBeGreaterThanOrEqual((starts - 20) / 20);
  // Whoever draws a token and is held up sends late, so that a busy machine sees a few; the SDK asks again, and no caller knows.
  const throttled = bench.fake.calls.filter(({ error }) => /Throttl/.test(error ?? ''));
  expect(throttled.length).toBeLessThan(starts / 4);
  expect({ failures: bench.fake.failures, violations: bench.fake.violations }).toEqual({
    failures: [],
    violations: [],
  });
});

test('while Postgres is away a request is not sent, and fails as what may be tried again', async () => {
  const away = connect({ url: 'postgres://nobody@127.0.0.1:1/none', connections: 1 });
  const provider = bench.anotherProvider({ buckets: sharedBuckets(away, 'lonely') });
  const before = bench.fake.calls.length;
  await expect(provider.ping(live)).rejects.toMatchObject({ code: 'unavailable' });
  expect(bench.fake.calls).toHaveLength(before);
  await away.close();
});
