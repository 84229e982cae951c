/** A greedy tenant among modest ones, at AWS's real limits: how many starts each gets, and how long all of them take. */
import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { live, type RunsBench, startRunsBench } from './runs-bench.ts';

const greedy = randomUUID();
const modest = Array.from({ length: 9 }, () => randomUUID());
const tenants = [greedy, ...modest];
const all = 1_000;
const each = 50;
/** Fargate's published limit of RunTask. */
const limit = { burst: 20, perSecond: 20 };
const seconds = (ms: number) => ms / 1000;

let bench: RunsBench;
let failed: unknown[];
/** When each task was asked for, in milliseconds since the first request, in order. */
let starts: { tenant: string; at: number }[];

beforeAll(async () => {
  bench = await startRunsBench();
  for (const tenant of tenants) await bench.hold(tenant);
  const began = bench.clock.now();
  // The greedy one asks for everything first.
  const wishes = [
    ...Array.from({ length: all - each * modest.length }, () => greedy),
    ...Array.from({ length: each }, () => modest).flat(),
  ];
  const done = wishes.map(async (tenant) => {
    const input = bench.input({}, tenant);
    const { handle } = await bench.provider.create(input, live);
    await bench.provider.start({ key: input.key, handle }, live);
  });
  const results = await bench.passing(Promise.allSettled(done));
  failed = results.filter(({ status }) => status === 'rejected');
  starts = bench
    .tasks()
    .map(({ clusterArn = '', createdAt }) => ({
      tenant: clusterArn.split('/longshore-')[1] ?? '',
      at: (createdAt?.getTime() ?? 0) - began,
    }))
    .sort((a, b) => a.at - b.at);
}, 600_000);
afterAll(() => bench.close());

test('a thousand creates and starts at once are refused by nobody', () => {
  expect(failed).toEqual([]);
  expect(bench.fake.calls.filter(({ error }) => /Throttl/.test(error ?? ''))).toEqual([]);
  expect(bench.calls('ecs:RunTask')).toHaveLength(all);
  expect({ failures: bench.fake.failures, violations: bench.fake.violations }).toEqual({
    failures: [],
    violations: [],
  });
});

test('while all tenants wait they are served alike, however much one of them asks for', () => {
  const indexes = (tenant: string) => starts.flatMap((start, at) => (start.tenant === tenant ? [at] : []));
  // From when the last of them has what a start needs, until the first of them waits for nothing.
  const from = Math.max(...tenants.map((tenant) => indexes(tenant)[0] ?? 0));
  const to = Math.min(...tenants.map((tenant) => indexes(tenant).at(-1) ?? 0));
  const rates = tenants.map((tenant) => indexes(tenant).filter((at) => at >= from && at < to).length);
  const fairness =
    rates.reduce((sum, rate) => sum + rate, 0) ** 2 / (rates.length * rates.reduce((s, r) => s + r * r, 0));
  const lastOf = (tenant: string) => starts.findLast((start) => start.tenant === tenant)?.at ?? 0;
  const modestDone = Math.max(...modest.map(lastOf));
  console.log(`Jain index ${fairness.toFixed(4)}; starts while all wait: ${rates.join(', ')}`);
  console.log(
    `the modest are served after ${seconds(modestDone)} s, the greedy one after ${seconds(lastOf(greedy))} s`,
  );
  expect(fairness).toBeGreaterThanOrEqual(0.99);
  const optimum = (each * tenants.length - limit.burst) / limit.perSecond;
  expect(seconds(modestDone)).toBeLessThanOrEqual(optimum * 1.1);
});

test('all of them take at most a twentieth longer than the limit demands', () => {
  const makespan = seconds(starts.at(-1)?.at ?? 0);
  const optimum = (all - limit.burst) / limit.perSecond;
  console.log(`makespan ${makespan} s, optimum ${optimum} s: ${(makespan / optimum).toFixed(3)}`);
  expect(makespan).toBeGreaterThanOrEqual(optimum);
  expect(makespan).toBeLessThanOrEqual(optimum * 1.05);
});
