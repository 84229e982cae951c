/**
 * The background in pieces, for where nobody works there all the time: one piece per invocation, within its time. Whoever is killed
 * leaves leases that end and events that come again; the next one goes on.
 */
import type { Deps } from '../context.ts';
import { markHeard } from '../db/schedule.ts';
import type { ProviderEvent } from '../providers/provider.ts';
import { heedEvents } from './events.ts';
import { workOff } from './rounds.ts';
import { goToSleep, stayAwake } from './schedule.ts';
import { type SweepReport, sweepInTurn } from './sweep.ts';

/** Kept for what was begun last: a call of the provider's takes up to 20 s. */
const RESERVE_MS = 25_000;
/** After events: how long it waits for what is due soon, such as a restart, and how long it stays for others at most. */
const EVENT_PATIENCE_MS = 1_000;
const EVENT_STAY_MS = 10_000;

/**
 * Puts the events on record, then works off what is due: because of them, or because somebody else was killed. Rejects when they
 * could not be put on record, or when nobody would carry on what is left: then they shall come again.
 */
export async function carryOn(
  deps: Deps,
  events: ProviderEvent[],
  remainingMs: () => number,
): Promise<{ turns: number }> {
  await heedEvents(deps, events);
  const endsAt = deps.clock.now() + EVENT_STAY_MS;
  const leftMs = () => Math.min(remainingMs() - RESERVE_MS, endsAt - deps.clock.now());
  const turns = await workOff(deps, leftMs, EVENT_PATIENCE_MS);
  await stayAwake(deps);
  return { turns };
}

export interface Swept extends SweepReport {
  turns: number;
  /** The schedule was switched off. */
  isAsleep: boolean;
}

/** One turn of the sweep: what is due, side by side with what may be left over; then to sleep, if there is nothing else. */
export async function sweepFor(deps: Deps, remainingMs: () => number): Promise<Swept> {
  const leftMs = () => remainingMs() - RESERVE_MS;
  if (deps.schedule) await markHeard(deps.db);
  const [worked, swept] = await Promise.allSettled([
    workOff(deps, leftMs, Number.POSITIVE_INFINITY),
    sweepInTurn(deps, AbortSignal.timeout(Math.max(0, leftMs()))),
  ]);
  // Nothing is left under way when it is told what went wrong.
  if (worked.status === 'rejected') throw worked.reason;
  if (swept.status === 'rejected') throw swept.reason;
  const [turns, report] = [worked.value, swept.value];
  const { orphans, unfinished } = report;
  const found = await workOff(deps, leftMs, Number.POSITIVE_INFINITY);
  const isQuiet = unfinished.length === 0 && orphans?.discarded === 0 && orphans.braked === 0;
  return { ...report, turns: turns + found, isAsleep: isQuiet && (await goToSleep(deps)) };
}
