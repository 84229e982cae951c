/** Making and removing runs, at once and synchronously; the promises are those of create and destroy of the port. */
import type { Clock, Ids } from '../../domain/clock.ts';
import { AppError } from '../../domain/errors.ts';
import type { CreateInput, RunRef } from '../provider.ts';
import { idleEndpoints } from './attachments.ts';
import { Channel } from './channel.ts';
import { findRun, getRun, hint, type MemoryRun, type MemoryWorld } from './world.ts';

export interface RunsContext {
  world: MemoryWorld;
  installId: string;
  clock: Clock;
  ids: Ids;
}

export function createRun(context: RunsContext, input: CreateInput): { handle: string; adopted: boolean } {
  const { world, installId, ids } = context;
  const existing = world.runs.get(input.key);
  if (existing) {
    const { tenantId, containerId, incarnation } = existing.input;
    const isOurs =
      existing.installId === installId &&
      tenantId === input.tenantId &&
      containerId === input.containerId &&
      incarnation === input.incarnation;
    if (!isOurs) throw new AppError('conflict', 'Another container has this provider key.');
    return { handle: existing.seen.handle, adopted: true };
  }
  const spent = world.spentKeys.get(input.key);
  if (spent !== undefined) return { handle: spent, adopted: true };
  const image = world.images.get(input.imageId);
  if (!image) throw new AppError('not_found', `No such image: ${input.spec.image}`);
  if (input.networks.some(({ key }) => !world.networks.has(key))) {
    throw new AppError('not_found', 'A network of the container is not at the provider.');
  }
  if (input.volumes.some(({ key }) => !world.volumes.has(key))) {
    throw new AppError('not_found', 'A volume of the container is not at the provider.');
  }
  const run: MemoryRun = {
    installId,
    input,
    name: input.name,
    base: image.files,
    files: new Map(image.files),
    seen: {
      kind: 'present',
      handle: ids.hex64(),
      phase: 'created',
      exitCode: null,
      oomKilled: false,
      interrupted: false,
      health: 'none',
      address: null,
      networks: idleEndpoints(input.networks),
      ports: [],
      resources: input.spec.resources,
      startedAt: null,
      finishedAt: null,
      version: world.restartInPlace ? null : 1,
    },
    history: [{ kind: 'absent' }],
    process: null,
    stdin: new Channel(),
    logs: [],
    followers: new Set(),
    onEnd: new Set(),
  };
  run.history.push(run.seen);
  world.runs.set(input.key, run);
  world.byHandle.set(run.seen.handle, run);
  hint(world, run, 'changed');
  return { handle: run.seen.handle, adopted: false };
}

export function destroyRun(world: MemoryWorld, ref: RunRef): void {
  const run = findRun(world, ref);
  if (run) takeAway(world, run);
}

/** Whether it runs or not. */
export function takeAway(world: MemoryWorld, run: MemoryRun): void {
  run.process?.signal('KILL');
  world.runs.delete(run.input.key);
  world.byHandle.delete(run.seen.handle);
  if (!world.restartInPlace) world.spentKeys.set(run.input.key, run.seen.handle);
  hint(world, run, 'changed');
}

export function renameRun(world: MemoryWorld, ref: RunRef, name: string): void {
  getRun(world, ref).name = name;
}
