/** Switching the background's schedule on before work is accepted, and off when none is left. Why this order: db/schedule.ts. */
import type { Deps } from '../context.ts';
import { beginClosing, endClosing, markOn, readSchedule, ScheduleOff } from '../db/schedule.ts';
import { AppError } from '../domain/errors.ts';

/** Of one call that switches. */
const CALL_MS = 5_000;
/** How much later than it was given up such a call may still have its effect. */
const LATE_MS = 5_000;
/** How long an accept waits for somebody who is switching off, and for the switch. */
const PATIENCE_MS = 20_000;
const POLL_MS = 100;

/** Runs what accepts work; throws unavailable where it needs a schedule that cannot be switched on. */
export async function scheduled<T>(deps: Deps, accept: () => Promise<T>): Promise<T> {
  const endsAt = deps.clock.now() + PATIENCE_MS;
  for (;;) {
    try {
      return await accept();
    } catch (error) {
      if (!(error instanceof ScheduleOff)) throw error;
    }
    await switchOn(deps, endsAt);
  }
}

async function switchOn(deps: Deps, endsAt: number): Promise<void> {
  const { schedule, db, clock } = deps;
  while (schedule && clock.now() < endsAt) {
    const { isOn, isClosing, version } = await readSchedule(db);
    if (isOn) return;
    if (isClosing) {
      await clock.sleep(POLL_MS);
      continue;
    }
    // First the switch, then the row, which everybody believes.
    await schedule.enable(AbortSignal.timeout(CALL_MS));
    if (await markOn(db, version)) return;
  }
  throw new AppError('unavailable', 'The background cannot be switched on at the moment', {
    details: { retryAfterSeconds: 5 },
  });
}

/** For who has brought work that nobody accepted, such as an event: it is carried on, whatever becomes of this process. */
export async function stayAwake(deps: Deps): Promise<void> {
  if (!deps.schedule) return;
  const { isOn, hasWork } = await readSchedule(deps.db);
  if (hasWork && !isOn) await switchOn(deps, deps.clock.now() + PATIENCE_MS);
}

/** Switches off where there is nothing to do. True = it is off. */
export async function goToSleep(deps: Deps): Promise<boolean> {
  const { schedule, db, clock, log } = deps;
  if (!schedule) return false;
  const askedAt = clock.now();
  const closing = await beginClosing(db);
  if (!closing) return false;
  // Whoever slept here must not switch off what others take to be on.
  const leftMs = closing.seconds * 1000 - (clock.now() - askedAt);
  if (leftMs < CALL_MS + LATE_MS) return false;
  try {
    await schedule.disable(AbortSignal.timeout(CALL_MS));
  } catch (error) {
    log.warn({ err: error }, 'the schedule may still be on; its next turn switches it off');
    return false;
  }
  if (await endClosing(db, closing)) return true;
  await schedule.enable(AbortSignal.timeout(CALL_MS));
  return false;
}
