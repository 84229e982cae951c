/**
 * One at a time per key, inside of this process. The Engine takes a tag for an image that it is just deleting and then
 * deletes it all the same, so that whoever tags and whoever may delete take turns.
 */
import type { CallOptions } from '../provider.ts';
import { toAppError } from './errors.ts';

export type Turns = <T>(key: string, options: CallOptions, work: () => Promise<T>) => Promise<T>;

export function createTurns(): Turns {
  const queues = new Map<string, Promise<unknown>>();
  return (key, { signal }, work) => {
    const before = queues.get(key) ?? Promise.resolve();
    const turn = before.then(() => {
      signal.throwIfAborted();
      return work();
    });
    const settled = turn.then(
      () => {},
      () => {},
    );
    queues.set(key, settled);
    void settled.then(() => {
      if (queues.get(key) === settled) queues.delete(key);
    });
    return endingWith(turn, signal);
  };
}

/** Whoever waits for the turns of others still ends at its own deadline. */
function endingWith<T>(turn: Promise<T>, signal: AbortSignal): Promise<T> {
  return new Promise((resolve, reject) => {
    const abort = () => reject(toAppError(signal.reason, { noun: 'image' }, signal));
    if (signal.aborted) abort();
    signal.addEventListener('abort', abort, { once: true });
    turn.then(resolve, reject).finally(() => signal.removeEventListener('abort', abort));
  });
}
