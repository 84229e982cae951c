/** What one tenant may have under way, and what its readers cost together. Needs Postgres. */
import { afterAll, beforeAll, expect, test } from 'vitest';
import type { Deps } from '../../src/context.ts';
import { followEvents } from '../../src/services/events.ts';
import { pullImage } from '../../src/services/image-pull.ts';
import { createTenant } from '../../src/services/tenants.ts';
import { createVolume } from '../../src/services/volumes.ts';
import { operatorCtx, tenantCtx, testDeps } from '../support/deps.ts';
import { type TestDatabase, testDatabase } from '../support/postgres.ts';
import { pulled } from '../support/pulled.ts';

let database: TestDatabase;
let deps: Deps;
let calls: string[];
let queries = 0;
let hold: Promise<void> | null = null;
beforeAll(async () => {
  database = await testDatabase();
  const before = async ({ name }: { name: string }) => {
    calls.push(name);
    if (name === 'images.pull') await hold;
  };
  calls = [];
  const made = await testDeps(database.url, { LONGSHORE_MAX_PULLS: '2' }, { before });
  const query: Deps['db']['query'] = (role, statement) => {
    if (statement.text.includes('event_seq')) queries += 1;
    return made.db.query(role, statement);
  };
  deps = { ...made, db: { ...made.db, query } };
});
afterAll(async () => {
  await deps.db.close();
  await database.close();
});

test('an image that the quota has no room for is not even fetched; one that is there may be pulled again', async () => {
  await createTenant(deps, operatorCtx(deps), { name: 'full', quotas: { images: 1 } });
  const ctx = await tenantCtx(deps, 'full');
  await pulled(deps, ctx, 'app');
  calls = [];
  await expect(pulled(deps, ctx, 'other')).rejects.toMatchObject({ code: 'limit' });
  expect(calls).toEqual([]);
  await pulled(deps, ctx, 'app');
});

test('pulls beyond the limit are refused until one has ended', async () => {
  const ctx = await tenantCtx(deps, 'greedy');
  const { promise, resolve } = Promise.withResolvers<void>();
  hold = promise;
  const first = [pulled(deps, ctx, 'one'), pulled(deps, ctx, 'two')];
  await expect(pullImage(deps, ctx, { reference: 'three', auth: null }).next()).rejects.toMatchObject({
    code: 'rate_limited',
  });
  resolve();
  await Promise.all(first);
  await pulled(deps, ctx, 'three');
});

test('many who follow a tenant hear of an event for the price of one', async () => {
  const ctx = await tenantCtx(deps, 'watched');
  const stop = new AbortController();
  const heard: string[] = [];
  let ready = 0;
  const follow = async (name: string) => {
    for await (const notice of followEvents(deps, ctx, 'latest', {}, stop.signal)) {
      if (notice.kind === 'quiet') ready += 1;
      if (notice.kind === 'event') heard.push(`${name} ${notice.event.name}`);
    }
  };
  const followers = Array.from({ length: 50 }, (_, number) => follow(String(number)));
  await expect.poll(() => ready).toBe(50);
  await createVolume(deps, ctx, { name: 'first', labels: {} });
  await expect.poll(() => heard.length).toBe(50);
  queries = 0;
  await createVolume(deps, ctx, { name: 'second', labels: {} });
  await expect.poll(() => heard.length).toBe(100);
  expect(queries).toBeLessThan(10);
  expect(new Set(heard).size).toBe(100);
  stop.abort();
  await Promise.all(followers);
});
