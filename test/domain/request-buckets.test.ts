import { expect, test } from 'vitest';
import { drawFrom, fullBucket } from '../../src/domain/request-buckets.ts';

const limit = { name: 'limit', burst: 10, perSecond: 2 };

test('tokens go to the lanes of all processes in turns, and wait for who has not asked yet', () => {
  const first = drawFrom(fullBucket(limit, 0), limit, { process: 'one', waiting: { greedy: 30 }, now: 0 });
  expect(first.granted).toEqual({ greedy: 10 });
  const other = drawFrom(first.bucket, limit, { process: 'other', waiting: { modest: 3, third: 1 }, now: 0 });
  expect(other.granted).toEqual({});
  // Two seconds: of four tokens two are others'.
  const again = drawFrom(other.bucket, limit, { process: 'one', waiting: { greedy: 20 }, now: 1_900 });
  expect(again.granted).toEqual({ greedy: 1 });
  const later = drawFrom(again.bucket, limit, { process: 'other', waiting: { modest: 3, third: 1 }, now: 1_900 });
  expect(later.granted).toEqual({ modest: 1, third: 1 });
});

test('who does not ask again keeps nobody waiting for long', () => {
  const { bucket } = drawFrom({ ...fullBucket(limit, 0), tokens: 0 }, limit, {
    ...{ process: 'dead', waiting: { other: 100 }, now: 0 },
  });
  const reserved = drawFrom(bucket, limit, { process: 'one', waiting: { own: 8 }, now: 1_000 });
  expect(reserved.granted).toEqual({ own: 1 });
  expect(drawFrom(reserved.bucket, limit, { process: 'one', waiting: { own: 7 }, now: 3_000 }).granted).toEqual({
    own: 5,
  });
});

test('the wait is until the next token, and none when nobody is left', () => {
  const all = drawFrom(fullBucket(limit, 0), limit, { process: 'one', waiting: { a: 10 }, now: 0 });
  expect(all).toMatchObject({ granted: { a: 10 }, waitMs: 0, bucket: { tokens: 0, lanes: {} } });
  const none = drawFrom(all.bucket, limit, { process: 'one', waiting: { a: 1 }, now: 100 });
  expect(none).toMatchObject({ granted: {}, waitMs: 400 });
});

test('a clock that goes back makes no tokens', () => {
  const empty = { ...fullBucket(limit, 10_000), tokens: 0 };
  expect(drawFrom(empty, limit, { process: 'one', waiting: { a: 5 }, now: 0 }).granted).toEqual({});
});
