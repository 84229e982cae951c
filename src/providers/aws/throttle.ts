/**
 * The published request limits as token buckets, so that AWS need not refuse anything. Callers of one limit are served
 * in turns between tenants: who asks for much waits behind himself, not before others.
 */
import type { Clock } from '../../domain/clock.ts';
import { type Limit, publishedLimits } from './request-limits.ts';

export interface Throttle {
  /** Resolves when a request may be sent; rejects when the signal aborts first. @param lane whose turn it takes */
  take(action: string, lane: string, signal: AbortSignal): Promise<void>;
}

export function createThrottle(clock: Clock, limits: readonly Limit[] = publishedLimits): Throttle {
  const buckets = new Map<Limit, Bucket>();
  const bucketOf = (limit: Limit): Bucket => {
    const bucket = buckets.get(limit) ?? new Bucket(clock, limit);
    buckets.set(limit, bucket);
    return bucket;
  };
  return {
    take: async (action, lane, signal) => {
      for (const limit of limits) {
        if (limit.actions.includes(action)) await bucketOf(limit).take(lane, signal);
      }
    },
  };
}

class Bucket {
  readonly #clock: Clock;
  readonly #limit: Limit;
  /** Waiting callers by lane; a lane that was served goes to the end. */
  readonly #lanes = new Map<string, (() => void)[]>();
  #tokens: number;
  #filledAt: number;
  #isServing = false;

  constructor(clock: Clock, limit: Limit) {
    this.#clock = clock;
    this.#limit = limit;
    this.#tokens = limit.burst;
    this.#filledAt = clock.now();
  }

  take(lane: string, signal: AbortSignal): Promise<void> {
    signal.throwIfAborted();
    this.#fill();
    if (this.#lanes.size === 0 && this.#tokens >= 1) {
      this.#tokens -= 1;
      return Promise.resolve();
    }
    return new Promise((resolve, reject) => {
      const admitted = () => {
        signal.removeEventListener('abort', leave);
        resolve();
      };
      const leave = () => {
        this.#remove(lane, admitted);
        reject(signal.reason);
      };
      signal.addEventListener('abort', leave, { once: true });
      this.#lanes.set(lane, [...(this.#lanes.get(lane) ?? []), admitted]);
      if (!this.#isServing) void this.#serve();
    });
  }

  async #serve(): Promise<void> {
    this.#isServing = true;
    while (this.#lanes.size > 0) {
      this.#fill();
      if (this.#tokens < 1) {
        await this.#clock.sleep(Math.ceil(((1 - this.#tokens) / this.#limit.perSecond) * 1000));
        continue;
      }
      this.#tokens -= 1;
      this.#admitNext();
    }
    this.#isServing = false;
  }

  #admitNext(): void {
    for (const [lane, [first, ...others]] of this.#lanes) {
      this.#lanes.delete(lane);
      if (others.length > 0) this.#lanes.set(lane, others);
      first?.();
      return;
    }
  }

  #remove(lane: string, caller: () => void): void {
    const others = (this.#lanes.get(lane) ?? []).filter((each) => each !== caller);
    if (others.length > 0) this.#lanes.set(lane, others);
    else this.#lanes.delete(lane);
  }

  #fill(): void {
    const now = this.#clock.now();
    const { burst, perSecond } = this.#limit;
    this.#tokens = Math.min(burst, this.#tokens + ((now - this.#filledAt) / 1000) * perSecond);
    this.#filledAt = now;
  }
}
