/** Many schedules of one seed on one database, until the first that breaks an invariant. */
import type { Mutant } from './mutants.ts';
import { openPglite, type PgliteDb } from './pglite-db.ts';
import { populateDatabase } from './population.ts';
import { memoryKinds, type ProviderKind } from './provider-kinds.ts';
import { runSchedule, type Verdict } from './schedule.ts';
import { watchdogSql } from './watchdog.ts';

/** A watched database for any number of schedules. Takes seconds. */
export async function openDatabase(): Promise<PgliteDb> {
  const db = await openPglite(watchdogSql);
  await populateDatabase(db);
  await db.keep();
  return db;
}

export interface Campaign {
  seed: number;
  /** Numbers of the schedules: first and one past the last. */
  from: number;
  to: number;
  mutant: Mutant | null;
  /** Null: one schedule like Docker, the next like ECS; or the one kind that the mutant is about. */
  kind: ProviderKind | null;
  onProgress?(done: number): void;
}

export interface Breach extends Verdict {
  schedule: number;
  kind: ProviderKind;
}

/** What a violation of an invariant begins with; an unexpected error does not, and catches no broken design. */
export const invariant = /^I\d/;

/** Null: every invariant held in every schedule. */
export async function runCampaign(db: PgliteDb, campaign: Campaign): Promise<Breach | null> {
  const { seed, from, to, mutant, kind, onProgress } = campaign;
  const { timeout } = AbortSignal;
  // Deadlines count real time, of which none passes in a simulation.
  AbortSignal.timeout = () => new AbortController().signal;
  try {
    for (let schedule = from; schedule < to; schedule++) {
      const kindNow = kind ?? mutant?.kind ?? memoryKinds[schedule % memoryKinds.length] ?? 'docker-like';
      const verdict = await runSchedule({ db, seed, schedule, kind: kindNow, mutant });
      if (verdict.violations.length > 0) return { ...verdict, schedule, kind: kindNow };
      onProgress?.(schedule + 1 - from);
    }
    return null;
  } finally {
    AbortSignal.timeout = timeout;
  }
}
