/** One simulated world: a database, a pretended machine, time, and the control-plane processes between them. */
import { inspect } from 'node:util';
import { createWorld, type MemoryWorld } from '../../src/providers/memory/world.ts';
import type { Features } from '../../src/providers/provider.ts';
import { calm, type Weather } from './boundaries.ts';
import { type ControlPlane, startControlPlane } from './control-plane.ts';
import type { Mutant } from './mutants.ts';
import type { PgliteDb } from './pglite-db.ts';
import { createRandom, type Random } from './random.ts';
import { type Owner, Scheduler, type Waiter } from './scheduler.ts';
import { watch } from './watchdog.ts';

/** Docker starts a stopped run again and always answers the latest; ECS does neither, and lists late what it made. */
export const providerKinds = ['docker-like', 'ecs-like'] as const;
export type ProviderKind = (typeof providerKinds)[number];

export const featuresOf: Record<ProviderKind, Pick<Features, 'restartInPlace' | 'absenceSeconds'>> = {
  'docker-like': { restartInPlace: true, absenceSeconds: 2 },
  'ecs-like': { restartInPlace: false, absenceSeconds: 60 },
};
/** How long after it was made a run may be answered as absent: less than absenceSeconds, or it would be lost by mistake. */
const LIST_LAG_MS = 30_000;

export const INSTALL_ID = '00000000-0000-4000-a000-00000000000d';
const EPOCH_MS = Date.UTC(2026, 0, 1);

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
  /** Containers that something happened to and nobody was told about yet. */
  hints: string[] = [];
  weather: Weather = calm;
  readonly #planes: ControlPlane[] = [];
  /** When each run was first seen by the machine, by its handle. */
  readonly #born = new Map<string, number>();

  constructor({ db, seed, schedule, kind, mutant }: SimulationOptions) {
    this.db = db;
    this.kind = kind;
    this.mutant = mutant;
    this.world = createWorld(featuresOf[kind]);
    this.random = createRandom(seed, schedule);
    this.world.watchers.add({ push: ({ containerId }) => this.#happened(containerId) });
  }

  get alive(): ControlPlane[] {
    return this.#planes.filter(({ state }) => state === 'alive');
  }

  addPlane(): ControlPlane {
    const plane = startControlPlane(this, `plane-${this.#planes.length + 1}`);
    this.#planes.push(plane);
    return plane;
  }

  /** Lets one waiter go on and looks at the world it leaves behind. */
  async step(waiter: Waiter): Promise<void> {
    await this.scheduler.step(waiter);
    this.violations.push(...watch(this), ...this.defects.map((error) => `defect: ${inspect(error)}`));
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

  #happened(containerId: string): void {
    this.hints.push(containerId);
    for (const { seen } of this.world.runs.values()) {
      if (!this.#born.has(seen.handle)) this.#born.set(seen.handle, this.scheduler.now);
    }
  }
}
