/**
 * One invocation that answers through a response stream: for how long it may go on, whether anybody still reads, and the way of
 * an answer's bytes, which are sent no faster than they are taken.
 */
import type { Writable } from 'node:stream';
import { TIME_IS_UP } from '../domain/time-is-up.ts';

/** What an invocation needs at its end, to answer and to leave nothing behind. */
const PARTING_MS = 5_000;

export interface AnswerHead {
  statusCode: number;
  headers: Record<string, string>;
}

/** Lambda's `HttpResponseStream.from`. */
export type BeginAnswer = (output: Writable, head: AnswerHead) => Writable;

export class Invocation implements Disposable {
  readonly #output: Writable;
  readonly #timer: NodeJS.Timeout;
  readonly #late = new AbortController();
  readonly #gone = new AbortController();
  /** Aborts when the client is gone, or when the function's time is nearly up: then its reason says so. */
  readonly signal = AbortSignal.any([this.#gone.signal, this.#late.signal]);

  constructor(output: Writable, remainingMs: number) {
    this.#output = output;
    const leftMs = Math.max(0, remainingMs - Math.min(PARTING_MS, remainingMs / 4));
    this.#timer = setTimeout(() => this.#late.abort(TIME_IS_UP), leftMs);
    output.on('error', this.#leave);
    output.on('close', this.#leave);
  }

  /** Lambda tells of a broken connection only: of a client that left it reads on, until the time is up. */
  readonly #leave = (): void => {
    if (!this.#output.writableFinished) this.#gone.abort();
  };

  /** @param cut aborts to end it before its end. Throws when it was cut, unless nobody reads. */
  async answer(begin: BeginAnswer, response: Response, cut: AbortSignal): Promise<void> {
    const head = { statusCode: response.status, headers: Object.fromEntries(response.headers) };
    const output = begin(this.#output, head);
    const stops = AbortSignal.any([cut, this.#gone.signal]);
    // The head goes out with the first write, and at once: clients wait for it before they do what ends the answer.
    output.write('');
    if (response.body) await send(response.body, output, stops);
    if (this.#gone.signal.aborted) return;
    if (cut.aborted) throw new Error('The answer broke off');
    await ended(output, this.#gone.signal);
  }

  [Symbol.dispose](): void {
    clearTimeout(this.#timer);
    this.#output.off('error', this.#leave);
    this.#output.off('close', this.#leave);
  }
}

async function send(body: ReadableStream<Uint8Array>, output: Writable, stops: AbortSignal): Promise<void> {
  const reader = body.getReader();
  let stopping: Promise<void> = Promise.resolve();
  // Ends a read that waits.
  const stop = () => {
    stopping = reader.cancel().catch(() => {});
  };
  stops.addEventListener('abort', stop, { once: true });
  if (stops.aborted) stop();
  try {
    for (let step = await reader.read(); !step.done; step = await reader.read()) {
      if (!output.write(step.value)) await drained(output, stops);
    }
  } catch (error) {
    if (!stops.aborted) throw error;
  } finally {
    stops.removeEventListener('abort', stop);
    await stopping;
    await reader.cancel().catch(() => {});
  }
}

function ended(output: Writable, gone: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    gone.addEventListener('abort', () => resolve(), { once: true });
    output.end(() => resolve());
  });
}

function drained(output: Writable, stops: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    const done = () => {
      output.off('drain', done);
      stops.removeEventListener('abort', done);
      resolve();
    };
    output.on('drain', done);
    stops.addEventListener('abort', done);
    if (stops.aborted) done();
  });
}
