/** How often AWS is asked: an account has few calls a second, for all of its tenants together. */
import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, expect, test } from 'vitest';
import type { RunRef } from '../../../src/providers/provider.ts';
import { live, type RunsBench, startRunsBench } from './runs-bench.ts';

const containers = 1_000;
const tenants = Array.from({ length: 2 }, () => randomUUID());
const minute = 60_000;
let bench: RunsBench;
const runs: RunRef[] = [];

beforeAll(async () => {
  bench = await startRunsBench();
  for (const tenant of tenants) await bench.hold(tenant);
  const starts = Array.from({ length: containers }, async (_, at) => {
    const input = bench.input({}, tenants[at % tenants.length]);
    const { handle } = await bench.provider.create(input, live);
    runs.push({ key: input.key, handle });
    await bench.provider.start({ key: input.key, handle }, live);
  });
  await bench.passing(Promise.all(starts));
}, 600_000);
afterAll(async () => {
  const { failures, violations } = bench.fake;
  await bench.close();
  expect({ failures, violations }).toEqual({ failures: [], violations: [] });
});

test('a thousand starts at once are refused by nobody, and each is asked for once', () => {
  expect(bench.fake.calls.filter(({ error }) => /Throttl/.test(error ?? ''))).toEqual([]);
  expect(bench.calls('ecs:RunTask')).toHaveLength(containers);
});

test('a thousand running containers cost few calls in ten minutes of hints, sweeps and looks', async () => {
  await bench.passing(bench.time.sleep(minute));
  const watching = new AbortController();
  const hints = listen(watching.signal);
  await bench.passing(bench.time.sleep(minute));
  const before = bench.calls('ecs:DescribeTasks').length;
  for (let passed = 0; passed < 10; passed++) {
    const owned = await bench.passing(bench.provider.listOwned(live));
    expect(owned.filter(({ kind, phase }) => kind === 'container' && phase === 'running')).toHaveLength(containers);
    // Each is looked at every five minutes besides.
    const due = runs.filter((_, at) => at % 5 === passed % 5);
    await bench.passing(Promise.all(due.map((run) => bench.provider.observe(run, live))));
    await bench.passing(bench.time.sleep(minute));
  }
  const calls = bench.calls('ecs:DescribeTasks').length - before;
  console.log(`${calls} DescribeTasks in ten minutes for ${containers} running containers`);
  // One for each hundred tasks: a minute's sweep asks for tasks and for records, and a fifth of all is due.
  const hundreds = containers / 100;
  expect(calls).toBeLessThanOrEqual(10 * (2 * hundreds + tenants.length * Math.ceil(hundreds / 5 / tenants.length)));
  expect(bench.fake.calls.filter(({ error }) => /Throttl/.test(error ?? ''))).toEqual([]);
  watching.abort();
  expect(await bench.passing(hints)).toBe(0);
}, 600_000);

/** How many hints came: what runs and goes on running is no news. */
async function listen(signal: AbortSignal): Promise<number> {
  let count = 0;
  for await (const _ of bench.provider.watch?.({ signal }) ?? []) count += 1;
  return count;
}
