/** What is asked of a running process: stop, kill, pause, unpause. */
import { AppError } from '../../domain/errors.ts';
import type { RunRef } from '../provider.ts';
import { isSignal } from './process.ts';
import { change, getRun, isUp, type MemoryWorld } from './world.ts';

/** Sends the stop signal; whoever asked watches, and kills at the end of the grace. */
export function stopRun(world: MemoryWorld, ref: RunRef, signalName: string | null): void {
  const run = getRun(world, ref);
  if (!isUp(run)) return;
  const ofImage = world.images.get(run.input.imageId)?.details.config.stopSignal;
  run.process?.signal(signalName ?? ofImage ?? 'TERM');
}

export function killRun(world: MemoryWorld, ref: RunRef, signalName: string): void {
  const run = getRun(world, ref);
  if (!isSignal(signalName)) throw new AppError('invalid', `No such signal: ${signalName}`);
  if (!isUp(run)) throw new AppError('conflict', 'The container does not run.');
  run.process?.signal(signalName);
}

export function pauseRun(world: MemoryWorld, ref: RunRef): void {
  const run = getRun(world, ref);
  if (run.seen.phase === 'paused') return;
  if (run.seen.phase !== 'running') throw new AppError('conflict', 'The container does not run.');
  run.process?.pause();
  change(world, run, { phase: 'paused' });
}

export function unpauseRun(world: MemoryWorld, ref: RunRef): void {
  const run = getRun(world, ref);
  if (run.seen.phase === 'running') return;
  if (run.seen.phase !== 'paused') throw new AppError('conflict', 'The container is not paused.');
  change(world, run, { phase: 'running' });
  run.process?.unpause();
}
