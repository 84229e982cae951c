/** The bounded log of a run: written by its process, read from the start or followed until the run ends. */
import { millisecondOf } from '../../domain/moment.ts';
import type { LogChunk, LogOptions, RunRef } from '../provider.ts';
import { Channel } from './channel.ts';
import { findRun, isUp, type MemoryRun, type MemoryWorld } from './world.ts';

const longestLog = 10_000;

/** `data` is one line with its newline. */
export function appendLog(run: MemoryRun, stream: 'stdout' | 'stderr', data: Uint8Array, at: Date): void {
  const chunk = { stream, at, line: data.subarray(0, -1), ended: true };
  run.logs.push(chunk);
  if (run.logs.length > longestLog) run.logs.shift();
  for (const follower of run.followers) follower.push(chunk);
}

export function endLogs(run: MemoryRun): void {
  for (const follower of run.followers) follower.close();
}

export async function* readLogs(world: MemoryWorld, ref: RunRef, options: LogOptions): AsyncGenerator<LogChunk, void> {
  const run = findRun(world, ref);
  if (!run) return;
  const from = (options.since ?? Number.NEGATIVE_INFINITY) * 1000;
  const to = millisecondOf(options.until ?? Number.POSITIVE_INFINITY);
  const past = run.logs.filter(({ at }) => at.getTime() >= from && at.getTime() <= to);
  const follower = new Channel<LogChunk>();
  const end = () => follower.close();
  const follows = options.follow && isUp(run) && !options.signal.aborted;
  if (follows) run.followers.add(follower);
  options.signal.addEventListener('abort', end);
  try {
    yield* options.tail === undefined ? past : past.slice(Math.max(0, past.length - options.tail));
    if (!follows) return;
    for await (const chunk of follower) {
      if (chunk.at.getTime() > to) return;
      yield chunk;
    }
  } finally {
    options.signal.removeEventListener('abort', end);
    run.followers.delete(follower);
  }
}
