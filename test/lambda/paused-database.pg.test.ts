/** A database that takes no connections when a request comes: it is waited for within the request's time, then the client is told to come back. */
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { type TestDatabase, testDatabase } from '../support/postgres.ts';
import { apiFunction } from './api-function.ts';
import { type Pause, pausedDatabase } from './paused-database.ts';

let database: TestDatabase;
beforeAll(async () => {
  database = await testDatabase();
});
afterAll(() => database.close());

const request = { method: 'GET', target: '/readyz' };
const settings = (url: string, waitSeconds: number) => ({
  LONGSHORE_PROVIDER: 'memory',
  LONGSHORE_DATABASE_WAIT_SECONDS: String(waitSeconds),
  DATABASE_URL: url,
});

const pauses: Pause[] = ['says it is starting up', 'keeps connections waiting', 'hangs up', 'refuses connections'];

test.for(pauses)('a database that %s and comes back in time is waited for', async (pause) => {
  await using paused = await pausedDatabase(database.url, pause);
  const invoked = apiFunction(settings(paused.url, 20)).send(request);
  await sleep(1_500);
  await paused.resume();
  const [{ statusCode }, text] = await Promise.all([invoked.head, invoked.text(), invoked.done]);
  expect([statusCode, JSON.parse(text)]).toEqual([200, { database: true, provider: true }]);
});

test.for(pauses)(
  'of a database that %s for longer, the client hears when to come back, and the next request tries anew',
  async (pause) => {
    await using paused = await pausedDatabase(database.url, pause);
    const api = apiFunction(settings(paused.url, 2));
    const began = performance.now();
    const invoked = api.send(request);
    const [{ statusCode, headers }, text] = await Promise.all([invoked.head, invoked.text(), invoked.done]);
    expect([statusCode, headers['retry-after'], JSON.parse(text).code]).toEqual([503, '5', 'unavailable']);
    expect(performance.now() - began).toBeLessThan(10_000);
    await paused.resume();
    const again = api.send(request);
    expect([(await again.head).statusCode, await again.text()]).toEqual([
      200,
      expect.stringContaining('"database":true'),
    ]);
  },
);

test('the words of the Docker door say the same', async () => {
  await using paused = await pausedDatabase(database.url, 'refuses connections');
  const invoked = apiFunction(settings(paused.url, 1)).send({ method: 'GET', target: '/v1.44/containers/json' });
  const { statusCode, headers } = await invoked.head;
  expect([statusCode, headers['retry-after'], JSON.parse(await invoked.text())]).toEqual([
    503,
    '5',
    { message: 'The database is not available' },
  ]);
});
