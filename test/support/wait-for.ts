/** Waiting for something to become true, with a deadline instead of a guess. */
import { setTimeout as sleep } from 'node:timers/promises';

export type WaitOptions = { timeoutMs?: number; intervalMs?: number };

/**
 * Calls `probe` until it answers something truthy and returns that. While it throws or answers anything else it is called
 * again; at the deadline the wait fails with what it said last.
 */
export async function waitFor<T>(
  probe: () => T | Promise<T>,
  { timeoutMs = 10_000, intervalMs = 50 }: WaitOptions = {},
): Promise<Exclude<T, false | null | undefined | 0 | ''>> {
  const deadline = performance.now() + timeoutMs;
  for (;;) {
    let last: unknown;
    try {
      const value = await probe();
      if (value) return value as Exclude<T, false | null | undefined | 0 | ''>;
      last = value;
    } catch (error) {
      last = error;
    }
    if (performance.now() > deadline) throw new Error(`Not true within ${timeoutMs} ms: ${probe}`, { cause: last });
    await sleep(intervalMs);
  }
}
