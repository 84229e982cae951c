/** One simulated world: a database, a pretended machine, time, and what went wrong in it. */

import { createWorld, type MemoryWorld } from '../../src/providers/memory/world.ts';
import type { Hint } from '../../src/providers/provider.ts';
import { calm, type Weather } from './boundaries.ts';
import type { Mutant } from './mutants.ts';
import type { PgliteDb } from './pglite-db.ts';
import { EPOCH_MS, populateWorld } from './population.ts';
import { featuresOf, type ProviderKind } from './provider-kinds.ts';
import { createRandom, type Random } from './random.ts';
import { type Owner, Scheduler } from './scheduler.ts';

/** How long after it was made a run may be answered as absent: less than absenceSeconds, or it would be lost by mistake. */
const LIST_LAG_MS = 30_000;

export interface SimulationOptions {
  db: PgliteDb;
  seed: number;
  schedule: number;
  kind: ProviderKind;
  mutant: Mutant | null;
}

export class Simulation {
  readonly db: PgliteDb;
  readonly kind: ProviderKind;
  readonly mutant: Mutant | null;
  readonly random: Random;
  readonly scheduler = new Scheduler(EPOCH_MS);
  readonly world: MemoryWorld;
  /** The people outside and the machine: they neither crash nor freeze. */
  readonly outside: Owner = { name: 'outside', state: 'alive' };
  /** Errors that no design explains: the code under simulation threw them where it promises none. */
  readonly defects: unknown[] = [];
  /** What was wrong at any instant. The first one ends the schedule. */
  readonly violations: string[] = [];
  /** What happened and nobody was told about yet. */
  hints: Hint[] = [];
  weather: Weather = calm;
  /** When each run was first seen by the machine, by its handle. */
  readonly #born = new Map<string, number>();

  constructor({ db, seed, schedule, kind, mutant }: SimulationOptions) {
    this.db = db;
    this.kind = kind;
    this.mutant = mutant;
    this.world = createWorld(featuresOf[kind]);
    populateWorld(this.world);
    this.random = createRandom(seed, schedule);
    this.world.watchers.add({ push: (hint) => this.#happened(hint) });
  }

  /** From the next statement on the database's time is the scheduler's. */
  tick(): void {
    this.db.setNow(this.scheduler.now);
  }

  /** Whether an observation may still not show the run under this key. */
  mayBeMissed(key: string): boolean {
    const handle = this.world.runs.get(key)?.seen.handle ?? '';
    return this.scheduler.now < (this.#born.get(handle) ?? 0) + LIST_LAG_MS;
  }

  #happened(hint: Hint): void {
    this.hints.push(hint);
    for (const { seen } of this.world.runs.values()) {
      if (!this.#born.has(seen.handle)) this.#born.set(seen.handle, this.scheduler.now);
    }
  }
}
