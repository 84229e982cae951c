/** A process of the control plane under simulation: real code, whose every way out is interruptible and sometimes fails. */
import { type Logger, pino } from 'pino';
import type { Deps } from '../../src/context.ts';
import { noMetrics } from '../../src/domain/metrics.ts';
import { createPlaces } from '../../src/domain/places.ts';
import { createSnapshots } from '../../src/domain/snapshots.ts';
import { createWakeups } from '../../src/domain/wakeups.ts';
import { interruptibleDb } from './boundaries.ts';
import { seededIds } from './random.ts';
import type { Owner } from './scheduler.ts';
import type { Simulation } from './simulation.ts';

/** It serves requests and works in the background, and is lost as a whole. */
export interface ControlPlane extends Owner {
  deps: Deps;
  /** Resolves when it dies: its clients' connections break. */
  died: Promise<void>;
  die(): void;
}

/** Its clock is wrong by up to an hour: only the database's time may matter. */
const MOST_SKEW_MS = 3_600_000;

/** All processes there ever were. */
export class Fleet {
  readonly #simulation: Simulation;
  readonly #planes: ControlPlane[] = [];

  constructor(simulation: Simulation) {
    this.#simulation = simulation;
  }

  /** Those that make steps now. */
  get alive(): ControlPlane[] {
    return this.#planes.filter(({ state }) => state === 'alive');
  }

  add(): ControlPlane {
    const plane = start(this.#simulation, `plane-${this.#planes.length + 1}`);
    this.#planes.push(plane);
    return plane;
  }
}

function start(simulation: Simulation, name: string): ControlPlane {
  const { scheduler, random, mutant, machine } = simulation;
  const owner: Owner = { name, state: 'alive' };
  const skewMs = (2 * random.next() - 1) * MOST_SKEW_MS;
  const clock = scheduler.clockOf(owner, skewMs);
  const context = { scheduler, random, owner, weather: () => simulation.weather };
  const db = interruptibleDb(mutant?.db?.(simulation.db) ?? simulation.db, context, () => simulation.tick());
  const death = Promise.withResolvers<void>();
  return Object.assign(owner, {
    died: death.promise,
    die: () => {
      scheduler.bury(owner);
      death.resolve();
    },
    deps: {
      db,
      provider: machine.providerOf(context, seededIds(random), skewMs),
      clock,
      ids: seededIds(random),
      log: watchfulLog(simulation),
      metrics: noMetrics,
      limits,
      places: { streams: ample, pulls: ample, verbs: ample, looks: ample },
      listening: { tlsPort: null, twoWay: true },
      registries: { hosts: [], loopback: false },
      sharedImages: [],
      operatorKeyHash: null,
      authority: null,
      sealKey: 'simulation',
      workerId: name,
      wakeups: createWakeups(clock.sleep),
      snapshots: createSnapshots(64),
      schedule: null,
    },
  });
}

/** Says nothing; but errors that only the log would show are kept, unless the simulation made them. */
function watchfulLog({ defects, machine }: Simulation): Logger {
  return pino({
    level: 'warn',
    hooks: {
      logMethod([fields]) {
        const error: unknown = typeof fields === 'object' && fields !== null && 'err' in fields ? fields.err : null;
        if (machine.isDefect(error)) defects.push(error);
      },
    },
  });
}

const ample = createPlaces(1000, 'things');
const limits: Deps['limits'] = {
  quotas: { containers: 2, volumes: 1, networks: 1, images: 1 },
  defaults: { memoryMiB: 64, cpus: 1, pids: 10 },
  maxima: { memoryMiB: 64, cpus: 1, pids: 10 },
  subnets: [],
  binds: [],
  ratePerSecond: 1000,
  rateBurst: 1000,
  maxUploadBytes: 1024 * 1024,
  buildSeconds: 60,
  retainHours: { events: 1000, operations: 1000, idempotency: 1000, tombstones: 1000 },
};
