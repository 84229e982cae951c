/** Working off what is due: side by side, and within somebody's time where that is short. */
import type { Deps } from '../context.ts';
import { nextDueSeconds } from '../db/health.ts';
import { type Lease, takeDue } from './lease.ts';
import { work } from './step.ts';

/** Containers worked on side by side. */
export const PARALLEL = 16;
const LONGEST_PAUSE_MS = 500;
/** Until what is due is looked at again that somebody else holds: he may hold it for as long as a stop takes. */
const HELD_PAUSE_MS = 250;

/** What goes wrong is logged: the container is due again when its lease ends. */
export async function workOn(deps: Deps, lease: Lease): Promise<void> {
  try {
    await work(deps, lease, 0);
  } catch (error) {
    const { id } = lease.container;
    deps.log.error({ err: error, container: id }, 'work on a container failed; it is due again when its lease ends');
  }
}

/**
 * Until nothing is due, or will be before that time is over; then it waits for what it has begun. Who is killed meanwhile loses
 * nothing but the time of a lease. Answers how many turns it took.
 * @param leftMs in which more may be begun
 * @param patienceMs how long it waits for what is due next
 */
export async function workOff(deps: Deps, leftMs: () => number, patienceMs: number): Promise<number> {
  const busy = new Set<Promise<void>>();
  let turns = 0;
  const begin = (leases: Lease[]) => {
    turns += leases.length;
    for (const lease of leases) {
      const turn = workOn(deps, lease).finally(() => busy.delete(turn));
      busy.add(turn);
    }
    return leases.length;
  };
  try {
    while (leftMs() > 0) {
      if (busy.size >= PARALLEL) await Promise.race(busy);
      if (begin(await takeDue(deps, PARALLEL - busy.size)) > 0) continue;
      const seconds = await nextDueSeconds(deps.db);
      const waitMs = seconds === null ? Number.POSITIVE_INFINITY : seconds * 1000;
      const isSoon = waitMs <= Math.min(patienceMs, leftMs());
      if (!isSoon && busy.size === 0) break;
      const awake = new AbortController();
      const pauseMs = waitMs <= 0 ? HELD_PAUSE_MS : Math.min(Math.max(waitMs, 10), LONGEST_PAUSE_MS);
      const pause = deps.clock.sleep(pauseMs, awake.signal);
      await Promise.race(isSoon ? [...busy, pause] : busy);
      awake.abort();
    }
  } finally {
    await Promise.all(busy);
  }
  return turns;
}
