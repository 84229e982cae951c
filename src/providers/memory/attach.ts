/** The standard streams of a pretended run. Output comes line by line, input goes to whatever of its script reads it. */
import { AppError } from '../../domain/errors.ts';
import type { AttachInput, LogChunk, RunRef, Session } from '../provider.ts';
import { Channel } from './channel.ts';
import { getRun, isUp, type MemoryRun, type MemoryWorld } from './world.ts';

export function attachToRun(world: MemoryWorld, ref: RunRef, input: AttachInput, signal: AbortSignal): Session {
  const run = getRun(world, ref);
  if (run.seen.phase === 'paused') throw new AppError('conflict', 'The container is paused.');
  const follower = new Channel<LogChunk>();
  const close = () => follower.close();
  if (input.logs) for (const chunk of run.logs) follower.push(chunk);
  if (input.stream) run.followers.add(follower);
  else close();
  signal.addEventListener('abort', close);
  if (signal.aborted) close();
  return {
    output: outputOf(run, follower, input, () => signal.removeEventListener('abort', close)),
    write: async (data) => run.stdin.push(data),
    endInput: async () => run.stdin.close(),
    resize: async () => {},
    exit: Promise.resolve(null),
    close,
  };
}

async function* outputOf(run: MemoryRun, follower: Channel<LogChunk>, input: AttachInput, ended: () => void) {
  try {
    for await (const { stream, line } of follower) {
      if (input[stream]) yield { stream, data: Buffer.concat([line, Buffer.from('\n')]) };
    }
  } finally {
    run.followers.delete(follower);
    ended();
  }
}

/** Throws conflict when it does not run. */
export function resizeRun(world: MemoryWorld, ref: RunRef): void {
  if (!isUp(getRun(world, ref))) throw new AppError('conflict', 'The container does not run.');
}
