/** Runs on an AWS with its honest bad habits: late, forgetful, out of capacity, out of reach. */
import { DeleteClusterCommand } from '@aws-sdk/client-ecs';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { AwsError } from '../../aws-fake/aws-error.ts';
import { live, type RunsBench, startRunsBench } from './runs-bench.ts';

let bench: RunsBench;
beforeEach(async () => {
  bench = await startRunsBench();
});
afterEach(async () => {
  const { failures, violations, calls } = bench.fake;
  await bench.close();
  expect({ failures, violations }).toEqual({ failures: [], violations: [] });
  expect(calls.filter(({ error }) => /Throttl/.test(error ?? ''))).toEqual([]);
});

test('a start that takes long is under way until its process runs, and is not asked for twice', async () => {
  const run = await bench.create();
  await bench.passing(bench.provider.start(run, live));
  expect(await bench.observe(run)).toMatchObject({ phase: 'created', starting: true, startedAt: null });
  await bench.passing(bench.provider.start(run, live));
  expect(await bench.until(run, 'running')).toMatchObject({ startedAt: expect.any(Date), exitCode: null });
  expect(bench.tasks()).toHaveLength(1);
});

test('versions only grow from creation to the end, over failed attempts too', async () => {
  const run = await bench.create();
  const versions: number[] = [];
  const look = async () => {
    const seen = await bench.observe(run);
    versions.push(seen.kind === 'present' ? (seen.version ?? -1) : -1);
  };
  await look();
  bench.runtime.unpullable.set(bench.uri, 'gone');
  await bench.passing(bench.provider.start(run, live));
  await look();
  await bench.until(run, 'created');
  await look();
  bench.runtime.unpullable.clear();
  await bench.passing(bench.provider.start(run, live));
  await look();
  await bench.until(run, 'running');
  await look();
  for (const container of bench.runtime.running) container.end({ exitCode: 3 });
  await bench.until(run, 'exited');
  await look();
  expect(versions).toEqual([...versions].sort((a, b) => a - b));
  expect(new Set(versions).size).toBeGreaterThan(3);
});

test('a task that AWS does not show yet is awaited, not taken for gone', async () => {
  bench.fake.habits.missingMs = 60_000;
  const run = await bench.create();
  await bench.passing(bench.provider.start(run, live));
  expect(await bench.observe(run)).toMatchObject({ kind: 'present', phase: 'created', starting: true });
  expect(await bench.observe({ key: run.key, handle: null }, bench.anotherProvider())).toMatchObject({
    starting: true,
  });
});

test('a lost answer, ten starts at once and another process make one task', async () => {
  let lost = 0;
  bench.fake.habits.loseReply = (action) => action === 'ecs:RunTask' && lost++ < 1;
  const run = await bench.create();
  const providers = [bench.provider, bench.anotherProvider()];
  const starts = Array.from({ length: 10 }, (_, at) => providers[at % 2]?.start(run, live));
  await bench.passing(Promise.all(starts));
  await bench.until(run, 'running');
  expect(lost).toBeGreaterThan(0);
  expect(bench.tasks()).toHaveLength(1);
});

test('a process that dies between RunTask and its record leaves a task that is found again', async () => {
  const run = await bench.create();
  // The record of the task cannot be written, as if the process had died before it.
  let puts = 0;
  bench.fake.habits.refuse = (action) => {
    if (action !== 's3:PutObject' || puts++ < 1) return undefined;
    return new AwsError('InternalError', 'We encountered an internal error. Please try again.', 500);
  };
  await expect(bench.passing(bench.provider.start(run, live))).rejects.toThrow();
  bench.fake.habits.refuse = () => undefined;
  expect(bench.tasks()).toHaveLength(1);
  const other = bench.anotherProvider();
  await bench.passing(other.start(run, live));
  await bench.until(run, 'running');
  expect(bench.tasks()).toHaveLength(1);
});

test('without capacity in one subnet it runs in another, and without any it is tried again later', async () => {
  const [first = ''] = bench.aws.ec2.subnets.keys();
  const reason = 'Capacity is unavailable at this time. Please try again later or in a different availability zone';
  bench.fake.habits.capacity = ({ subnets }) => (subnets.includes(first) ? { reason } : undefined);
  const run = await bench.create();
  await bench.passing(bench.provider.start(run, live));
  await bench.until(run, 'running');

  bench.fake.habits.capacity = () => ({ reason, throw: 'ClientException' });
  const other = await bench.create();
  await expect(bench.passing(bench.provider.start(other, live))).rejects.toMatchObject({ code: 'unavailable' });
  expect(await bench.observe(other)).toMatchObject({ phase: 'created' });
  bench.fake.habits.capacity = () => undefined;
  await bench.passing(bench.provider.start(other, live));
  await bench.until(other, 'running');
  expect(bench.tasks()).toHaveLength(2);
});

test('what cannot be pulled is a stated failure of the start, and may be started again', async () => {
  bench.runtime.unpullable.set(bench.uri, 'pull access denied for account 111122223333');
  const run = await bench.create();
  await bench.passing(bench.provider.start(run, live));
  const seen = await bench.until(run, 'created');
  expect(seen.failure).toMatchObject({ code: 'invalid', message: expect.stringContaining('cannot pull the image') });
  expect(seen.failure?.message).not.toContain('111122223333');
  bench.runtime.unpullable.clear();
  await bench.passing(bench.provider.start(run, live));
  expect((await bench.until(run, 'running')).failure ?? null).toBeNull();
});

test('a subnet without a free address is a stated failure that may pass', async () => {
  for (const subnet of bench.aws.ec2.subnets.values()) subnet.AvailableIpAddressCount = 0;
  const run = await bench.create();
  await bench.passing(bench.provider.start(run, live));
  expect((await bench.until(run, 'created')).failure).toMatchObject({
    code: 'unavailable',
    message: expect.stringContaining('no free address'),
  });
});

test('a stop before it runs leaves it as if it had never been started', async () => {
  const run = await bench.create();
  await bench.passing(bench.provider.start(run, live));
  await bench.passing(bench.provider.stop(run, null, 10, live));
  await bench.passing(bench.time.sleep(60_000));
  expect(await bench.observe(run)).toMatchObject({ phase: 'created', failure: null, exitCode: null });
  expect(bench.runtime.running.size).toBe(0);
});

test('an end by AWS itself is no end by the container', async () => {
  const run = await bench.running();
  bench.fake.retire(bench.tasks()[0]?.taskArn ?? '');
  expect(await bench.until(run, 'exited')).toMatchObject({ interrupted: true, oomKilled: false });
  const other = await bench.running();
  for (const container of bench.runtime.running) container.end({ exitCode: 137, outOfMemory: true });
  expect(await bench.until(other, 'exited')).toMatchObject({ interrupted: false, oomKilled: true, exitCode: 137 });
});

test('a container on Spot capacity says that AWS took it back', async () => {
  const spot = await startRunsBench({ spot: true });
  const run = await spot.running();
  expect(spot.tasks()[0]?.capacityProviderName).toBe('FARGATE_SPOT');
  spot.fake.interruptSpot(spot.tasks()[0]?.taskArn ?? '');
  expect(await spot.until(run, 'exited')).toMatchObject({ interrupted: true });
  expect({ failures: spot.fake.failures, violations: spot.fake.violations }).toEqual({ failures: [], violations: [] });
  await spot.close();
});

test('how it ended is known long after ECS has forgotten, and forgotten before anybody looked it is absent', async () => {
  const [seen, unseen] = [await bench.running(), await bench.running()];
  for (const container of bench.runtime.running) container.end({ exitCode: 9 });
  await bench.until(seen, 'exited');
  await bench.clock.advance(2 * 3_600_000);
  expect(await bench.observe(seen)).toMatchObject({ phase: 'exited', exitCode: 9 });
  expect(await bench.observe(unseen)).toEqual({ kind: 'absent' });
  await expect(bench.passing(bench.provider.start(seen, live))).rejects.toMatchObject({ code: 'conflict' });
});

test('why it never ran is known long after ECS has forgotten, until it is started again', async () => {
  bench.runtime.unpullable.set(bench.uri, 'gone');
  const [failing, cancelled] = [await bench.create(), await bench.create()];
  for (const run of [failing, cancelled]) await bench.passing(bench.provider.start(run, live));
  await bench.passing(bench.provider.stop(cancelled, null, 10, live));
  for (const run of [failing, cancelled]) await bench.until(run, 'created');
  await bench.clock.advance(2 * 3_600_000);
  const reason = { code: 'invalid', message: expect.stringContaining('cannot pull the image') };
  expect(await bench.observe(failing)).toMatchObject({ phase: 'created', failure: reason });
  expect(await bench.observe(cancelled)).toMatchObject({ phase: 'created', failure: null });
  bench.runtime.unpullable.clear();
  for (const run of [failing, cancelled]) {
    await bench.passing(bench.provider.start(run, live));
    expect((await bench.until(run, 'running')).failure ?? null).toBeNull();
  }
});

test('what ECS does not know any more is absent, also for a process whose clock is an hour behind', async () => {
  const run = await bench.running();
  for (const container of bench.runtime.running) container.end({ exitCode: 9 });
  await bench.clock.advance(2 * 3_600_000);
  const late = { ...bench.time, now: () => bench.time.now() - 3 * 3_600_000 };
  expect(await bench.observe(run, bench.anotherProvider({ clock: late }))).toEqual({ kind: 'absent' });
});

test('a cluster that somebody deleted is made again', async () => {
  const run = await bench.create();
  await bench.clients.ecs.send(new DeleteClusterCommand({ cluster: `longshore-${bench.tenantId}` }));
  expect(await bench.observe(run)).toMatchObject({ phase: 'created' });
  await expect(bench.passing(bench.provider.start(run, live))).rejects.toMatchObject({ code: 'unavailable' });
  await bench.passing(bench.provider.start(run, live));
  await bench.until(run, 'running');
});

test('what is destroyed while it starts leaves no task', async () => {
  const run = await bench.create();
  const starting = bench.provider.start(run, live).then(
    () => 'started',
    (error: { code?: string }) => error.code,
  );
  await bench.passing(bench.time.sleep(200));
  await bench.passing(bench.provider.destroy(run, live));
  await bench.passing(starting);
  await bench.passing(bench.time.sleep(120_000));
  expect(bench.runtime.running.size).toBe(0);
  expect(await bench.observe(run)).toEqual({ kind: 'absent' });
});

test('a task without a record is found as ours, and discarded', async () => {
  const run = await bench.running();
  bench.aws.buckets.bucket('records').objects.clear();
  const owned = await bench.passing(bench.provider.listOwned(live));
  const [stray] = owned.filter(({ kind }) => kind === 'container');
  expect(stray).toMatchObject({ key: run.key, tenantId: bench.tenantId, incarnation: 1, phase: 'running' });
  if (stray) await bench.passing(bench.provider.discard(stray, live));
  await bench.passing(bench.time.sleep(60_000));
  expect(bench.runtime.running.size).toBe(0);
});

test('a missing right names its action, and the container starts once it is there', async () => {
  const run = await bench.create();
  bench.fake.habits.deny.add('ecs:RunTask');
  await expect(bench.passing(bench.provider.start(run, live))).rejects.toMatchObject({
    code: 'forbidden',
    message: expect.stringContaining('ecs:RunTask'),
  });
  bench.fake.habits.deny.clear();
  await bench.passing(bench.provider.start(run, live));
  await bench.until(run, 'running');
});

test('containers that differ in command and size share a task definition', async () => {
  for (const [at, memoryMiB] of [512, 1024, 4096].entries()) {
    await bench.create({ command: ['serve', String(at)], env: { AT: String(at) }, resources: { memoryMiB } });
  }
  expect(bench.calls('ecs:RegisterTaskDefinition')).toHaveLength(1);
  const other = bench.anotherProvider();
  await bench.passing(other.create(bench.input({ command: ['other'] }), live));
  expect(bench.calls('ecs:RegisterTaskDefinition')).toHaveLength(1);
});
