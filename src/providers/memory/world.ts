/**
 * Everything the pretended machine holds. It outlives the providers that look at it: a control plane that crashed finds its
 * containers running. Plain state and the few look-ups on it; what calls do to it is in runs.ts, images.ts and storage.ts.
 */

import { AppError } from '../../domain/errors.ts';
import type { ImageDetails } from '../../domain/image.ts';
import type { News } from '../../domain/wakeups.ts';
import type { CreateInput, Hint, LogChunk, NetworkRef, Observation, RunRef, VolumeRef } from '../provider.ts';
import type { Channel } from './channel.ts';
import type { FileTree } from './file-tree.ts';
import type { ImageContent } from './image-content.ts';
import type { Process } from './process.ts';

export type Present = Extract<Observation, { kind: 'present' }>;

export interface MemoryRun {
  readonly installId: string;
  readonly input: CreateInput;
  name: string;
  /** What it began with, and what it has. */
  readonly base: FileTree;
  readonly files: FileTree;
  /** What an observation answers now; replaced at each change, never changed in place. */
  seen: Present;
  /** The last answers, oldest first, `seen` included: what a late answer may be. */
  readonly history: Observation[];
  /** The last one, perhaps ended; null before the first start. */
  process: Process | null;
  /** What whoever is attached writes to it; a new one for each start. */
  stdin: Channel<Uint8Array>;
  readonly logs: LogChunk[];
  readonly followers: Set<Channel<LogChunk>>;
  /** Statistics and other readers end with the process. */
  readonly onEnd: Set<() => void>;
}

export interface MemoryImage {
  readonly details: ImageDetails;
  /** Familiar references it was pulled by. */
  readonly references: Set<string>;
  readonly files: FileTree;
  readonly content: ImageContent;
  /** Tenants that keep it, each by its installation. */
  readonly holds: Map<string, { installId: string; tenantId: string }>;
}

export interface MemoryWorld {
  /**
   * True: like Docker. A stopped run starts again; whatever has the key is the run; answers are always the latest.
   * False: like ECS. A stopped run never starts again; a known handle is what is looked for; answers carry versions, and
   * a key that made a run never makes another.
   */
  readonly restartInPlace: boolean;
  readonly runs: Map<string, MemoryRun>;
  readonly byHandle: Map<string, MemoryRun>;
  /** Handles of what was made and is gone, by key. */
  readonly spentKeys: Map<string, string>;
  readonly images: Map<string, MemoryImage>;
  readonly networks: Map<string, NetworkRef & { installId: string }>;
  readonly volumes: Map<string, VolumeRef & { installId: string }>;
  /** `protocol/port` -> key of the run that has it. */
  readonly ports: Map<string, string>;
  readonly watchers: Set<{ push(hint: Hint): void }>;
  /** For addresses and free ports. */
  counter: number;
}

export function createWorld({ restartInPlace }: { restartInPlace: boolean }): MemoryWorld {
  return {
    restartInPlace,
    runs: new Map(),
    byHandle: new Map(),
    spentKeys: new Map(),
    images: new Map(),
    networks: new Map(),
    volumes: new Map(),
    ports: new Map(),
    watchers: new Set(),
    counter: 0,
  };
}

const historyLength = 8;

export function findRun(world: MemoryWorld, { key, handle }: RunRef): MemoryRun | undefined {
  return world.restartInPlace || handle === null ? world.runs.get(key) : world.byHandle.get(handle);
}

/** Throws not_found. */
export function getRun(world: MemoryWorld, ref: RunRef): MemoryRun {
  const run = findRun(world, ref);
  if (!run) throw new AppError('not_found', 'The container is gone at the provider.');
  return run;
}

/** Makes a change visible: a new answer, one version up where answers carry one, and a hint to whoever watches. */
export function change(world: MemoryWorld, run: MemoryRun, facts: Partial<Present>): void {
  const version = run.seen.version === null ? null : run.seen.version + 1;
  run.seen = { ...run.seen, ...facts, version };
  run.history.push(run.seen);
  if (run.history.length > historyLength) run.history.shift();
  hint(world, run, facts.phase === 'exited' ? 'ended' : 'changed');
}

export function hint(world: MemoryWorld, run: MemoryRun, news: News): void {
  for (const watcher of world.watchers) watcher.push({ containerId: run.input.containerId, news });
}

export const isUp = (run: MemoryRun): boolean => run.seen.phase === 'running' || run.seen.phase === 'paused';
