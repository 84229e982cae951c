/** Many schedules of one seed on one database, until the first that breaks an invariant. */
import type { Mutant } from './mutants.ts';
import type { PgliteDb } from './pglite-db.ts';
import { runSchedule, type Verdict } from './schedule.ts';
import { type ProviderKind, providerKinds } from './simulation.ts';

export interface Campaign {
  seed: number;
  /** Numbers of the schedules: first and one past the last. */
  from: number;
  to: number;
  mutant: Mutant | null;
  /** Null: one schedule like Docker, the next like ECS. */
  kind: ProviderKind | null;
  onProgress?(done: number): void;
}

export interface Breach extends Verdict {
  schedule: number;
  kind: ProviderKind;
}

/** Null: every invariant held in every schedule. */
export async function runCampaign(
  db: PgliteDb,
  { seed, from, to, mutant, kind, onProgress }: Campaign,
): Promise<Breach | null> {
  for (let schedule = from; schedule < to; schedule++) {
    const kindNow = kind ?? providerKinds[schedule % providerKinds.length] ?? 'docker-like';
    const verdict = await runSchedule({ db, seed, schedule, kind: kindNow, mutant });
    if (verdict.violations.length > 0) return { ...verdict, schedule, kind: kindNow };
    onProgress?.(schedule + 1 - from);
  }
  return null;
}
