/** One simulated world: a database, a pretended machine, and the control-plane processes between them. */
import { type Logger, pino } from 'pino';
import type { Deps } from '../../src/context.ts';
import { AppError } from '../../src/domain/errors.ts';
import { noMetrics } from '../../src/domain/metrics.ts';
import { createWakeups } from '../../src/domain/wakeups.ts';
import { createMemoryProvider } from '../../src/providers/memory/memory.ts';
import { createWorld, type MemoryWorld } from '../../src/providers/memory/world.ts';
import type { Features, Provider } from '../../src/providers/provider.ts';
import { calm, interruptibleCalls, interruptibleDb, type Weather } from './boundaries.ts';
import type { Mutant } from './mutants.ts';
import type { PgliteDb } from './pglite-db.ts';
import { createRandom, type Random, seededIds } from './random.ts';
import { type Owner, Scheduler } from './scheduler.ts';

/** Docker starts a stopped run again and always answers the latest; ECS does neither, and lists late what it made. */
export const providerKinds = ['docker-like', 'ecs-like'] as const;
export type ProviderKind = (typeof providerKinds)[number];

const featuresOf: Record<ProviderKind, Partial<Features>> = {
  'docker-like': { restartInPlace: true, absenceSeconds: 2 },
  'ecs-like': { restartInPlace: false, absenceSeconds: 60 },
};
/** How long after its creation a run may be answered as absent; less than absenceSeconds, as the port demands. */
const LIST_LAG_MS = 30_000;

export const INSTALL_ID = '00000000-0000-4000-a000-00000000000d';
const EPOCH_MS = Date.UTC(2026, 0, 1);

/** A process of the control plane: it serves requests and works in the background, and is lost as a whole. */
export interface ControlPlane extends Owner {
  deps: Deps;
  /** Resolves when it dies: its clients' connections break. */
  died: Promise<void>;
  die(): void;
}

export class Simulation {
  readonly random: Random;
  readonly scheduler = new Scheduler(EPOCH_MS);
  readonly world: MemoryWorld = createWorld();
  /** The people outside and the machine: they neither crash nor freeze. */
  readonly outside: Owner = { name: 'outside', state: 'alive' };
  readonly db: PgliteDb;
  readonly kind: ProviderKind;
  readonly mutant: Mutant | null;
  readonly planes: ControlPlane[] = [];
  /** Containers that something happened to and nobody was told about yet. */
  hints: string[] = [];
  weather: Weather = calm;
  /** Errors that no design explains: the code under simulation threw them where it promises none. */
  readonly defects: unknown[] = [];
  #born = new Map<string, number>();
  #planeCount = 0;

  constructor(options: { db: PgliteDb; seed: number; schedule: number; kind: ProviderKind; mutant: Mutant | null }) {
    this.db = options.db;
    this.kind = options.kind;
    this.mutant = options.mutant;
    this.random = createRandom(options.seed, options.schedule);
    this.world.watchers.add({ push: ({ containerId }) => void this.hints.push(containerId) });
  }

  get alive(): ControlPlane[] {
    return this.planes.filter(({ state }) => state === 'alive');
  }

  /** The database under its own clock, without interruptions: for setting up and looking. */
  now(): number {
    this.db.setNow(this.scheduler.now);
    return this.scheduler.now;
  }

  addPlane(): ControlPlane {
    this.#planeCount += 1;
    const name = `plane-${this.#planeCount}`;
    const death = Promise.withResolvers<void>();
    const skewMs = (this.random.next() - 0.5) * 7_200_000;
    const clock = this.scheduler.clockOf(this.outside);
    const owner: Owner = { name, state: 'alive' };
    const ids = seededIds(this.random);
    const ownClock = this.scheduler.clockOf(owner, skewMs);
    const context = { scheduler: this.scheduler, random: this.random, owner, weather: () => this.weather };
    const faults = interruptibleCalls(context, (key) => this.scheduler.now < (this.#born.get(key) ?? 0) + LIST_LAG_MS);
    const { before } = faults;
    const provider = createMemoryProvider({
      installId: INSTALL_ID,
      world: this.world,
      // Containers live on when their control plane dies, and so does their clock.
      clock,
      ids,
      features: featuresOf[this.kind],
      faults: {
        ...faults,
        before: async (call, signal) => {
          await before?.(call, signal);
          if (call.name === 'create' && call.key !== null) this.#born.set(call.key, this.scheduler.now);
        },
      },
    });
    const bare: Provider = this.kind === 'ecs-like' ? withoutPause(provider) : provider;
    const db = interruptibleDb(this.mutant?.db?.(this.db) ?? this.db, context, () => this.now());
    const plane: ControlPlane = Object.assign(owner, {
      died: death.promise,
      die: () => {
        this.scheduler.bury(owner);
        this.planes.splice(this.planes.indexOf(plane), 1);
        death.resolve();
      },
      deps: {
        db,
        provider: this.mutant?.provider?.(bare, ids) ?? bare,
        clock: ownClock,
        ids,
        log: watchfulLog(this.defects),
        metrics: noMetrics,
        limits,
        registries: { hosts: [], loopback: false },
        sharedImages: [],
        operatorKeyHash: null,
        cursorSecret: 'simulation',
        workerId: name,
        wakeups: createWakeups(ownClock.sleep),
      },
    });
    this.planes.push(plane);
    return plane;
  }
}

/** Says nothing; but errors that only the log would show are kept, unless the simulation made them. */
function watchfulLog(defects: unknown[]): Logger {
  return pino({
    level: 'warn',
    hooks: {
      logMethod([fields]) {
        const error: unknown = typeof fields === 'object' && fields !== null && 'err' in fields ? fields.err : null;
        if (error instanceof AppError ? error.cause !== undefined : error !== null) defects.push(error);
      },
    },
  });
}

function withoutPause(provider: Provider): Provider {
  const { pause: _pause, unpause: _unpause, ...rest } = provider;
  return rest;
}

const limits: Deps['limits'] = {
  quotas: { containers: 2, volumes: 1, networks: 1, images: 1 },
  defaults: { memoryMiB: 64, cpus: 1, pids: 10 },
  maxima: { memoryMiB: 64, cpus: 1, pids: 10 },
  ratePerSecond: 1000,
  rateBurst: 1000,
  maxStreams: 10,
  retainHours: { events: 1000, operations: 1000, idempotency: 1000, tombstones: 1000 },
};
