import postgres from 'postgres';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Deps } from '../../src/context.ts';
import { connectionOptions } from '../../src/db/client.ts';
import { createRateLimiter } from '../../src/services/rate-limits.ts';
import { tenantCtx, testDeps } from '../support/deps.ts';
import { type TestDatabase, testDatabase } from '../support/postgres.ts';

const perSecond = 100;
const burst = 300;
const block = perSecond / 10;

describe('the rate of a tenant', () => {
  let database: TestDatabase;
  let owner: postgres.Sql;
  let deps: Deps;
  beforeAll(async () => {
    database = await testDatabase();
    owner = postgres({ ...connectionOptions(database.url), max: 1 });
    deps = await testDeps(database.url, {
      LONGSHORE_RATE_PER_SECOND: `${perSecond}`,
      LONGSHORE_RATE_BURST: `${burst}`,
    });
  });
  afterAll(async () => {
    await deps?.db.close();
    await owner?.end();
    await database?.close();
  });

  const admit = async (name: string) => (await tenantCtx(deps, name)).principal.tenantId;
  const bucketOf = async (tenantId: string) => {
    const [row] = await owner`select tokens::int from rate_buckets where tenant_id = ${tenantId}`;
    return Number(row?.tokens);
  };
  const takeAtOnce = async (limiter: ReturnType<typeof createRateLimiter>, tenantId: string, count: number) => {
    const takes = await Promise.allSettled(Array.from({ length: count }, async () => limiter.take(tenantId)));
    return takes.filter(({ status }) => status === 'fulfilled').length;
  };

  it('lets the first requests after a rest in together, and takes no more from the bucket than they need', async () => {
    const tenantId = await admit('together');
    const used = 5 * block;
    expect(await takeAtOnce(createRateLimiter(deps), tenantId, used)).toBe(used);
    expect(await bucketOf(tenantId)).toBeGreaterThanOrEqual(burst - used);
  });

  it('ends at the burst, however many ask at once, and is shared by all processes', async () => {
    const tenantId = await admit('shared');
    const limiters = [createRateLimiter(deps), createRateLimiter(deps)];
    const started = performance.now();
    const granted = await Promise.all(limiters.map((limiter) => takeAtOnce(limiter, tenantId, burst)));
    const refilled = ((performance.now() - started) / 1000) * perSecond;
    const total = granted.reduce((sum, count) => sum + count, 0);
    expect(total).toBeGreaterThanOrEqual(burst - limiters.length * block);
    expect(total).toBeLessThanOrEqual(burst + refilled + 1);
  });

  it('is not the rate of another tenant', async () => {
    const [busy, quiet] = [await admit('busy'), await admit('quiet')];
    const limiter = createRateLimiter(deps);
    await takeAtOnce(limiter, busy, 2 * burst);
    expect(await takeAtOnce(limiter, quiet, block)).toBe(block);
  });
});
