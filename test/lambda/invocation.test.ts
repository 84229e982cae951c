/** The way of an answer's bytes: no faster than they are taken, whole or not at all, and never without its head. */

import { PassThrough, type Writable } from 'node:stream';
import { setImmediate as turn } from 'node:timers/promises';
import { expect, test } from 'vitest';
import { TIME_IS_UP } from '../../src/domain/time-is-up.ts';
import { type AnswerHead, Invocation } from '../../src/lambda/invocation.ts';

const uncut = new AbortController().signal;

/** As Lambda's runtime: the head goes out before the first write. */
function runtime() {
  const output = new PassThrough({ highWaterMark: 1000 });
  const begun: AnswerHead[] = [];
  const begin = (stream: Writable, head: AnswerHead) => {
    const write = stream.write.bind(stream);
    Object.assign(stream, {
      write: (chunk: Uint8Array | string) => {
        if (begun.length === 0) begun.push(head);
        return chunk.length === 0 || write(chunk);
      },
    });
    return stream;
  };
  return { output, begin, begun };
}

/** Of chunks of 1,000 bytes, for ever; counts those that were asked for. */
function endless() {
  const source = { pulled: 0, cancelled: false, body: null as unknown as ReadableStream<Uint8Array> };
  source.body = new ReadableStream(
    {
      async pull(controller) {
        await turn();
        source.pulled += 1;
        controller.enqueue(Buffer.alloc(1000));
      },
      cancel() {
        source.cancelled = true;
      },
    },
    { highWaterMark: 0 },
  );
  return source;
}

test('a slow reader holds the source back', async () => {
  const { output, begin } = runtime();
  using invocation = new Invocation(output, 60_000);
  const source = endless();
  const answered = invocation.answer(begin, new Response(source.body), uncut);
  for (let count = 0; count < 50; count++) await turn();
  expect(source.pulled).toBeLessThan(5);
  output.read();
  for (let count = 0; count < 50; count++) await turn();
  expect(source.pulled).toBeLessThan(10);
  output.destroy();
  await answered;
  expect(source.cancelled).toBe(true);
});

test('an answer without a body has its head', async () => {
  const { output, begin, begun } = runtime();
  using invocation = new Invocation(output, 60_000);
  output.resume();
  await invocation.answer(begin, new Response(null, { status: 204, headers: { 'x-a': 'b' } }), uncut);
  expect(begun).toEqual([{ statusCode: 204, headers: { 'x-a': 'b' } }]);
});

test('an answer that is cut ends with an error, and its source is told', async () => {
  const { output, begin } = runtime();
  using invocation = new Invocation(output, 60_000);
  output.resume();
  const cut = new AbortController();
  const source = endless();
  const answered = invocation.answer(begin, new Response(source.body), cut.signal);
  await turn();
  cut.abort();
  await expect(answered).rejects.toThrow('broke off');
  expect(source.cancelled).toBe(true);
});

test('a client that goes away while nothing comes ends the invocation', async () => {
  const { output, begin } = runtime();
  using invocation = new Invocation(output, 60_000);
  const answered = invocation.answer(begin, new Response(new ReadableStream()), uncut);
  await turn();
  output.destroy();
  await answered;
  expect(invocation.signal.aborted).toBe(true);
  expect(invocation.signal.reason).not.toBe(TIME_IS_UP);
});

test('before the time is up the signal says so', async () => {
  using invocation = new Invocation(new PassThrough(), 200);
  await new Promise((resolve) => invocation.signal.addEventListener('abort', resolve));
  expect(invocation.signal.reason).toBe(TIME_IS_UP);
});
