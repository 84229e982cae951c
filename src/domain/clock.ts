/**
 * Time and randomness as arguments: the only module of src besides the entrypoints that touches either.
 * Rows never take their time from here but from the database (`longshore_now()`).
 */
import { hash, randomBytes } from 'node:crypto';

export interface Clock {
  /** Milliseconds since the epoch, for caches, budgets and log lines of this process. */
  now(): number;
  /** Resolves after `ms`, or as soon as the signal aborts; never rejects. */
  sleep(ms: number, signal?: AbortSignal): Promise<void>;
}

export interface Ids {
  bytes(length: number): Uint8Array;
  /** 64 lowercase hex digits, the shape of Docker's ids. */
  hex64(): string;
  uuid(): string;
  /** A number in [0, 1), for jitter and generated names. */
  fraction(): number;
}

export const systemClock: Clock = {
  now: () => Date.now(),
  sleep: (ms, signal) =>
    new Promise((resolve) => {
      if (signal?.aborted) return resolve();
      const done = () => {
        clearTimeout(timer);
        signal?.removeEventListener('abort', done);
        resolve();
      };
      const timer = setTimeout(done, ms);
      signal?.addEventListener('abort', done, { once: true });
    }),
};

export const systemIds: Ids = {
  bytes: (length) => randomBytes(length),
  hex64: () => randomBytes(32).toString('hex'),
  uuid: () => crypto.randomUUID(),
  fraction: () => Math.random(),
};

/** SHA-256 of text or bytes as lowercase hex. */
export function sha256(data: string | Uint8Array): string {
  return hash('sha256', data);
}
