/** A deadline that every sign of life puts off: for transfers, which may take any time but must not stand still. */
import type { Clock } from './clock.ts';

export class IdleDeadline {
  readonly #clock: Clock;
  readonly #idleMs: number;
  readonly #late = new AbortController();
  readonly #over = new AbortController();
  /** Aborts with the outer signal, or when nothing happened for so long. */
  readonly signal: AbortSignal;
  #dueAt: number;

  constructor(clock: Clock, idleSeconds: number, outer: AbortSignal) {
    this.#clock = clock;
    this.#idleMs = idleSeconds * 1000;
    this.#dueAt = clock.now() + this.#idleMs;
    this.signal = AbortSignal.any([outer, this.#late.signal]);
    void this.#watch();
  }

  alive(): void {
    this.#dueAt = this.#clock.now() + this.#idleMs;
  }

  /** Not counted until the next sign of life: nobody waits for the other side. */
  hold(): void {
    this.#dueAt = Number.POSITIVE_INFINITY;
  }

  end(): void {
    this.#over.abort();
  }

  async #watch(): Promise<void> {
    while (!this.#over.signal.aborted && !this.signal.aborted) {
      const leftMs = this.#dueAt - this.#clock.now();
      if (leftMs <= 0) this.#late.abort(new DOMException('Nothing happened for too long', 'TimeoutError'));
      else await this.#clock.sleep(Math.min(leftMs, this.#idleMs), this.#over.signal);
    }
  }
}

/** What is read from a source that must not stand still; a reader who takes his time is none of its business. */
export async function* readWithin<T>(source: AsyncIterable<T>, deadline: IdleDeadline): AsyncGenerator<T, void, void> {
  try {
    for await (const item of source) {
      deadline.hold();
      yield item;
      deadline.alive();
    }
  } finally {
    deadline.end();
  }
}

/** What is sent to somebody, where neither the sender nor the taker may stand still. The caller ends the deadline. */
export async function* sendWithin<T>(source: AsyncIterable<T>, deadline: IdleDeadline): AsyncGenerator<T, void, void> {
  for await (const item of source) {
    deadline.alive();
    yield item;
    deadline.alive();
  }
}
