/** The memory provider's world as a machine: like Docker or like ECS. */
import { AppError } from '../../src/domain/errors.ts';
import { createMemoryProvider } from '../../src/providers/memory/memory.ts';
import { destroyRun } from '../../src/providers/memory/runs.ts';
import { createWorld, isUp } from '../../src/providers/memory/world.ts';
import type { Features } from '../../src/providers/provider.ts';
import { interruptibleCalls } from './boundaries.ts';
import type { Machine, Surroundings } from './machine.ts';
import { INSTALL_ID, populateWorld } from './population.ts';

/** How long after it was made a run may be answered as absent: less than absenceSeconds, or it would be lost by mistake. */
const LIST_LAG_MS = 30_000;

/** Docker starts a stopped run again and always answers the latest; ECS does neither, and lists late what it made. */
const featuresOf: Record<'docker-like' | 'ecs-like', Pick<Features, 'restartInPlace' | 'absenceSeconds'>> = {
  'docker-like': { restartInPlace: true, absenceSeconds: 2 },
  'ecs-like': { restartInPlace: false, absenceSeconds: 60 },
};

export function memoryMachine(kind: 'docker-like' | 'ecs-like', surroundings: Surroundings): Machine {
  const { scheduler, random, outside, mutant, onHint } = surroundings;
  const features = featuresOf[kind];
  const world = createWorld(features);
  populateWorld(world);
  /** When each run was first seen by the machine, by its handle. */
  const born = new Map<string, number>();
  world.watchers.add({
    push: (hint) => {
      onHint(hint);
      for (const { seen } of world.runs.values()) {
        if (!born.has(seen.handle)) born.set(seen.handle, scheduler.now);
      }
    },
  });
  /** Whether an observation may still not show the run under this key. */
  const mayBeMissed = (key: string) =>
    scheduler.now < (born.get(world.runs.get(key)?.seen.handle ?? '') ?? 0) + LIST_LAG_MS;
  const pickOf = <T>(items: T[]) => (items.length === 0 ? null : random.pick(items));

  return {
    endsOnce: !features.restartInPlace,
    calmSeconds: [100, 240, 10],
    mostMoves: 1_500,
    mostSteps: 5_000,
    /** Containers outlive the process that started them, and so does the clock they run on. */
    providerOf: (process, ids) => {
      const clock = scheduler.clockOf(outside);
      const faults = interruptibleCalls(process, mayBeMissed);
      const site = { installId: INSTALL_ID, world, clock, ids, features, faults };
      const { pause, unpause, ...rest } = createMemoryProvider(site);
      const { connect: _connect, disconnect: _disconnect, ...networks } = rest.networks;
      const provider = features.restartInPlace ? { ...rest, pause, unpause } : { ...rest, networks };
      return mutant?.provider?.(provider, ids) ?? provider;
    },
    isDefect: (error) => (error instanceof AppError ? error.cause !== undefined : error !== null),
    runs: () =>
      [...world.runs.values()].map(({ input: { key, containerId, incarnation }, seen }) => {
        const { phase, resources, networks } = seen;
        return {
          key,
          containerId,
          incarnation,
          phase,
          resources,
          networks,
          isStarting: false,
          endsOnce: seen.version !== null,
        };
      }),
    up: () => [...world.runs.values()].filter(isUp).map(({ input }) => input),
    exitOne: () => {
      const run = pickOf([...world.runs.values()].filter(isUp));
      run?.process?.signal('KILL');
      return run?.input.key ?? null;
    },
    takeOne: () => {
      const run = pickOf([...world.runs.values()]);
      if (run) destroyRun(world, { key: run.input.key, handle: run.seen.handle });
      return run?.input.key ?? null;
    },
    defects: () => [],
    close: async () => {},
  };
}
