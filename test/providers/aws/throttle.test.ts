import { expect, test } from 'vitest';
import type { Clock } from '../../../src/domain/clock.ts';
import { createThrottle, ownBuckets } from '../../../src/providers/aws/throttle.ts';

/** Time that passes only by sleeping. */
function sleeper(): Clock {
  let now = 0;
  return {
    now: () => now,
    sleep: async (ms) => {
      await Promise.resolve();
      now += ms;
    },
  };
}
/** Of the burst four fifths are used. */
const limit = { name: 'limit', actions: ['ecs:RunTask'], burst: 5, perSecond: 2 };
const live = new AbortController().signal;

test('a burst goes at once, and what follows at the pace of the limit', async () => {
  const clock = sleeper();
  const throttle = createThrottle(clock, ownBuckets(clock), [limit]);
  await Promise.all(Array.from({ length: 4 }, () => throttle.take('ecs:RunTask', 'a', live)));
  expect(clock.now()).toBe(0);
  await Promise.all(Array.from({ length: 10 }, () => throttle.take('ecs:RunTask', 'a', live)));
  expect(clock.now()).toBe(5_000);
});

test('actions without a published limit do not wait', async () => {
  const clock = sleeper();
  const throttle = createThrottle(clock, ownBuckets(clock), [limit]);
  await Promise.all(Array.from({ length: 100 }, () => throttle.take('s3:GetObject', 'a', live)));
  expect(clock.now()).toBe(0);
});

test('an action below two limits keeps to both', async () => {
  const clock = sleeper();
  const throttle = createThrottle(clock, ownBuckets(clock), [
    limit,
    { ...limit, name: 'narrow', burst: 1, perSecond: 1 },
  ]);
  for (let count = 0; count < 4; count++) await throttle.take('ecs:RunTask', 'a', live);
  expect(clock.now()).toBe(3_000);
});

test('tenants are served in turns, however much one of them asks for', async () => {
  const clock = sleeper();
  const throttle = createThrottle(clock, ownBuckets(clock), [{ ...limit, burst: 1 }]);
  const served: string[] = [];
  const ask = (lane: string) => throttle.take('ecs:RunTask', lane, live).then(() => served.push(lane));
  await Promise.all([
    ...Array.from({ length: 20 }, () => ask('greedy')),
    ...Array.from({ length: 4 }, () => ask('modest')),
    ask('other'),
  ]);
  expect(served.slice(0, 10).filter((lane) => lane === 'modest')).toHaveLength(4);
  expect(served.slice(0, 6)).toContain('other');
  expect(served).toHaveLength(25);
});

test('who gives up leaves the queue and takes no turn', async () => {
  const clock = sleeper();
  const throttle = createThrottle(clock, ownBuckets(clock), [{ ...limit, burst: 1 }]);
  await throttle.take('ecs:RunTask', 'a', live);
  const leaving = new AbortController();
  const left = throttle.take('ecs:RunTask', 'a', leaving.signal);
  const stayed = throttle.take('ecs:RunTask', 'a', live);
  leaving.abort(new Error('gone'));
  await expect(left).rejects.toThrow('gone');
  await stayed;
  expect(clock.now()).toBe(500);
});
