/**
 * Holding on to something for as long as a work takes: it is held for a short time only, and renewed while the work lasts,
 * so that little is lost with a process that dies.
 */
import type { Clock } from './clock.ts';

/**
 * Calls `beat` every `seconds` until `work` has ended, or until a beat answers false: what was held is lost, and the work
 * finds that out when it writes. A beat never throws.
 */
export async function withHeartbeat<T>(
  clock: Clock,
  seconds: number,
  beat: () => Promise<boolean>,
  work: () => Promise<T>,
): Promise<T> {
  const over = new AbortController();
  const beating = repeat(clock, seconds, beat, over.signal);
  try {
    return await work();
  } finally {
    // The default reason, an error with its stack, would cost more than the rest of this.
    over.abort('over');
    await beating;
  }
}

async function repeat(clock: Clock, seconds: number, beat: () => Promise<boolean>, over: AbortSignal): Promise<void> {
  do await clock.sleep(seconds * 1000, over);
  while (!over.aborted && (await beat()));
}
