/** Who may delete an image and who takes hold of it take turns. */
import { expect, test } from 'vitest';
import { createTurns } from '../../../src/providers/docker/turns.ts';

const patient = { signal: new AbortController().signal };

test('work under one key is done one after the other, in the order of asking', async () => {
  const inTurn = createTurns();
  const seen: string[] = [];
  const work = (name: string) => async () => {
    seen.push(`${name} begins`);
    await new Promise((resolve) => setImmediate(resolve));
    seen.push(`${name} ends`);
    return name;
  };
  const done = await Promise.all(['a', 'b', 'c'].map((name) => inTurn('key', patient, work(name))));
  expect(done).toEqual(['a', 'b', 'c']);
  expect(seen).toEqual(['a begins', 'a ends', 'b begins', 'b ends', 'c begins', 'c ends']);
});

test('work under another key does not wait, and a failure holds nobody up', async () => {
  const inTurn = createTurns();
  const { promise, reject } = Promise.withResolvers<void>();
  const first = inTurn('one', patient, () => promise);
  const next = inTurn('one', patient, async () => 'next');
  expect(await inTurn('other', patient, async () => 'other')).toBe('other');
  reject(new Error('failed'));
  await expect(first).rejects.toThrow('failed');
  expect(await next).toBe('next');
});

test('whoever waits ends at its own deadline, and its work is never begun', async () => {
  const inTurn = createTurns();
  const { promise, resolve } = Promise.withResolvers<void>();
  const first = inTurn('key', patient, () => promise);
  const stop = new AbortController();
  let begun = false;
  const waiting = inTurn('key', { signal: stop.signal }, async () => {
    begun = true;
  });
  stop.abort();
  await expect(waiting).rejects.toMatchObject({ code: 'timeout' });
  resolve();
  await first;
  await inTurn('key', patient, async () => {});
  expect(begun).toBe(false);
});
