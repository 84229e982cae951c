/** One simulated world: a database, a pretended machine, time, and what went wrong in it. */

import { openAwsMachine } from './aws-machine.ts';
import { calm, type Weather } from './boundaries.ts';
import type { Heard, Machine } from './machine.ts';
import { memoryMachine } from './memory-machine.ts';
import type { Mutant } from './mutants.ts';
import type { PgliteDb } from './pglite-db.ts';
import { EPOCH_MS } from './population.ts';
import type { ProviderKind } from './provider-kinds.ts';
import { createRandom, type Random } from './random.ts';
import { type Owner, Scheduler } from './scheduler.ts';

export interface SimulationOptions {
  db: PgliteDb;
  seed: number;
  schedule: number;
  kind: ProviderKind;
  mutant: Mutant | null;
}

interface Parts {
  random: Random;
  scheduler: Scheduler;
  outside: Owner;
  hints: Heard[];
  machine: Machine;
}

export class Simulation {
  readonly db: PgliteDb;
  readonly mutant: Mutant | null;
  readonly random: Random;
  readonly scheduler: Scheduler;
  readonly machine: Machine;
  /** The people outside and the machine: they neither crash nor freeze. */
  readonly outside: Owner;
  /** Errors that no design explains: the code under simulation threw them where it promises none. */
  readonly defects: unknown[] = [];
  /** What was wrong at any instant. The first one ends the schedule. */
  readonly violations: string[] = [];
  /** What happened and nobody was told about yet. */
  readonly hints: Heard[];
  weather: Weather = calm;
  /** How many there have been: while none comes, no row changes. */
  transactions = 0;

  private constructor({ db, mutant }: SimulationOptions, { random, scheduler, outside, hints, machine }: Parts) {
    this.db = db;
    this.mutant = mutant;
    this.random = random;
    this.scheduler = scheduler;
    this.outside = outside;
    this.hints = hints;
    this.machine = machine;
  }

  static async open(options: SimulationOptions): Promise<Simulation> {
    const { seed, schedule, kind, mutant } = options;
    const random = createRandom(seed, schedule);
    const scheduler = new Scheduler(EPOCH_MS);
    const outside: Owner = { name: 'outside', state: 'alive' };
    const hints: Heard[] = [];
    const onHint = (hint: Heard) => void hints.push(hint);
    const surroundings = { scheduler, random, outside, mutant, onHint };
    const machine = kind === 'aws' ? await openAwsMachine(surroundings) : memoryMachine(kind, surroundings);
    return new Simulation(options, { random, scheduler, outside, hints, machine });
  }

  /** Before each transaction: it happens at the scheduler's time. */
  tick(): void {
    this.transactions += 1;
    this.db.setNow(this.scheduler.now);
  }
}
