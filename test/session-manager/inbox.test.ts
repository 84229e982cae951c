/** Order out of disorder: what a bad network does to messages never shows. */
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { Inbox } from '../../src/session-manager/inbox.ts';

const message = (sequence: number, payload = Buffer.alloc(0)) => ({
  ...{ type: 'output_stream_data', createdAtMs: 0, sequence, flags: 0, id: '', payloadKind: 1 },
  payload,
});

const arrivals = fc.integer({ min: 1, max: 60 }).chain((count) => {
  const all = Array.from({ length: count }, (_, at) => at);
  const doubled = fc.array(fc.constantFrom(...all), { maxLength: 60 });
  return doubled.chain((more) => fc.shuffledSubarray([...all, ...more], { minLength: count + more.length }));
});

test('messages come out once and in order, in whatever order and however often they arrive', () => {
  const check = (order: number[]) => {
    const inbox = new Inbox();
    const read = order.flatMap((sequence) => inbox.take(message(sequence)).ready.map((each) => each.sequence));
    expect(read).toEqual(Array.from({ length: Math.max(...order) + 1 }, (_, at) => at));
  };
  fc.assert(fc.property(arrivals, check));
});

test('what finds no room is not taken, and the missing one always is', () => {
  const inbox = new Inbox();
  for (let sequence = 1; sequence <= 10_000; sequence++) expect(inbox.take(message(sequence)).taken).toBe(true);
  expect(inbox.take(message(10_001)).taken).toBe(false);
  expect(inbox.take(message(0)).ready.length).toBe(10_001);
  expect(inbox.take(message(10_001))).toMatchObject({ taken: true, ready: [{ sequence: 10_001 }] });
});

test('sixteen megabytes wait for the missing one and no more, until it has come', () => {
  const inbox = new Inbox();
  const megabyte = Buffer.alloc(1024 * 1024);
  for (let sequence = 1; sequence <= 16; sequence++) expect(inbox.take(message(sequence, megabyte)).taken).toBe(true);
  expect(inbox.take(message(17, megabyte)).taken).toBe(false);
  expect(inbox.take(message(0, megabyte)).ready.length).toBe(17);
  expect(inbox.take(message(18, megabyte)).taken).toBe(true);
});
