/**
 * Holds requests back below the published limits, so that AWS need not refuse any. Callers of one limit are served in turns
 * between tenants: who asks for much waits behind himself, not before others.
 */
import type { Clock } from '../../domain/clock.ts';
import {
  drawFrom,
  fullBucket,
  type RequestBucket,
  type RequestBuckets,
  type RequestLimit,
} from '../../domain/request-buckets.ts';
import { type Limit, publishedLimits } from './request-limits.ts';

export interface Throttle {
  /** Resolves when a request may be sent; rejects when the signal aborts first, or nobody can tell. @param lane whose turn it takes */
  take(action: string, lane: string, signal: AbortSignal): Promise<void>;
}

/** Requests that set out later than others may arrive together with them: the rest of a burst is for these. */
const burstUsed = 0.8;

export function createThrottle(
  clock: Clock,
  buckets: RequestBuckets,
  limits: readonly Limit[] = publishedLimits,
): Throttle {
  const queues = limits.map((limit) => {
    const burst = Math.max(1, Math.floor(limit.burst * burstUsed));
    return { actions: limit.actions, queue: new Queue(clock, buckets, { ...limit, burst }) };
  });
  return {
    take: async (action, lane, signal) => {
      for (const { actions, queue } of queues) {
        if (actions.includes(action)) await queue.take(lane, signal);
      }
    },
  };
}

/** For who is alone with its account. */
export function ownBuckets(clock: Clock): RequestBuckets {
  const buckets = new Map<string, RequestBucket>();
  return {
    draw: async (limit, waiting) => {
      const now = clock.now();
      const before = buckets.get(limit.name) ?? fullBucket(limit, now);
      const { bucket, ...draw } = drawFrom(before, limit, { process: 'own', waiting, now });
      buckets.set(limit.name, bucket);
      return draw;
    },
  };
}

interface Caller {
  admit(): void;
  refuse(error: unknown): void;
}

class Queue {
  readonly #clock: Clock;
  readonly #buckets: RequestBuckets;
  readonly #limit: RequestLimit;
  readonly #lanes = new Map<string, Caller[]>();
  #isServing = false;

  constructor(clock: Clock, buckets: RequestBuckets, limit: RequestLimit) {
    this.#clock = clock;
    this.#buckets = buckets;
    this.#limit = limit;
  }

  take(lane: string, signal: AbortSignal): Promise<void> {
    signal.throwIfAborted();
    return new Promise((resolve, reject) => {
      const leave = () => {
        this.#remove(lane, caller);
        reject(signal.reason);
      };
      const done = () => signal.removeEventListener('abort', leave);
      const caller: Caller = {
        admit: () => {
          done();
          resolve();
        },
        refuse: (error) => {
          done();
          reject(error);
        },
      };
      signal.addEventListener('abort', leave, { once: true });
      const callers = this.#lanes.get(lane);
      if (callers) callers.push(caller);
      else this.#lanes.set(lane, [caller]);
      if (!this.#isServing) void this.#serve();
    });
  }

  async #serve(): Promise<void> {
    this.#isServing = true;
    while (this.#lanes.size > 0) {
      const waiting = Object.fromEntries([...this.#lanes].map(([lane, { length }]) => [lane, length]));
      let waitMs = 0;
      try {
        const draw = await this.#buckets.draw(this.#limit, waiting);
        for (const [lane, count] of Object.entries(draw.granted)) this.#admit(lane, count);
        waitMs = draw.waitMs;
      } catch (error) {
        this.#refuseAll(error);
      }
      if (waitMs > 0 && this.#lanes.size > 0) await this.#clock.sleep(waitMs);
    }
    this.#isServing = false;
  }

  #admit(lane: string, count: number): void {
    const callers = this.#lanes.get(lane) ?? [];
    for (const caller of callers.splice(0, count)) caller.admit();
    if (callers.length === 0) this.#lanes.delete(lane);
  }

  /** Without the buckets nobody knows what other processes ask: better nothing than too much. */
  #refuseAll(error: unknown): void {
    const callers = [...this.#lanes.values()].flat();
    this.#lanes.clear();
    for (const { refuse } of callers) refuse(error);
  }

  #remove(lane: string, caller: Caller): void {
    const others = (this.#lanes.get(lane) ?? []).filter((each) => each !== caller);
    if (others.length > 0) this.#lanes.set(lane, others);
    else this.#lanes.delete(lane);
  }
}
