/** Live views of a running container: exec, statistics, the process table. All of it pretended, all of it ending with the run. */
import type { Clock } from '../../domain/clock.ts';
import { AppError } from '../../domain/errors.ts';
import type { ExecSpec } from '../../domain/exec.ts';
import type { Hint, RunRef, Session, StatsSample } from '../provider.ts';
import { Channel } from './channel.ts';
import { Process } from './process.ts';
import { isNotFound, parseCommand, type Statement } from './script.ts';
import { findRun, getRun, isUp, type MemoryRun, type MemoryWorld } from './world.ts';

/** A command that is not there ends at once with 127, as a shell would say. */
export function execInRun(world: MemoryWorld, clock: Clock, ref: RunRef, spec: ExecSpec, signal: AbortSignal): Session {
  const run = getRunning(world, ref);
  const output = new Channel<{ stream: 'stdout' | 'stderr'; data: Uint8Array }>();
  const input = new Channel<Uint8Array>();
  const exit = Promise.withResolvers<number | null>();
  const end = (code: number | null) => {
    run.onEnd.delete(close);
    signal.removeEventListener('abort', close);
    output.close();
    input.close();
    exit.resolve(code);
  };
  const process = new Process(programOf(spec, run), {
    clock,
    write: (stream, data) => output.push({ stream: spec.tty ? 'stdout' : stream, data }),
    input: spec.stdin ? input : null,
    onExit: end,
  });
  function close(): void {
    end(null);
    process.signal('KILL');
  }
  run.onEnd.add(close);
  signal.addEventListener('abort', close);
  return {
    output,
    write: async (data) => input.push(data),
    endInput: async () => input.close(),
    resize: async () => {},
    exit: exit.promise,
    close,
  };
}

function programOf(spec: ExecSpec, run: MemoryRun): Statement[] {
  try {
    return parseCommand(spec.command, { ...run.input.spec.env, ...spec.env }, isNotFound);
  } catch (error) {
    if (error instanceof AppError && error.details.exitCode === 127) return [{ kind: 'exit', code: 127 }];
    throw error;
  }
}

export async function* statsOfRun(
  world: MemoryWorld,
  clock: Clock,
  ref: RunRef,
  signal: AbortSignal,
): AsyncGenerator<StatsSample, void> {
  const run = findRun(world, ref);
  while (run && isUp(run) && !signal.aborted) {
    yield sample(run, clock.now());
    await clock.sleep(1000, signal);
  }
}

/** A process that uses one percent of one processor and one megabyte. */
function sample(run: MemoryRun, now: number): StatsSample {
  const upMs = now - (run.seen.startedAt?.getTime() ?? now);
  return {
    at: new Date(now),
    cpuPercent: 1,
    cpuNanoseconds: upMs * 10_000,
    cpuUserNanoseconds: upMs * 10_000,
    cpuKernelNanoseconds: 0,
    systemCpuNanoseconds: now * 1_000_000,
    onlineCpus: 1,
    memoryBytes: 2 ** 20,
    memoryCacheBytes: 0,
    memoryLimitBytes: (run.seen.resources?.memoryMiB ?? 0) * 2 ** 20,
    networkRxBytes: 0,
    networkTxBytes: 0,
    blockReadBytes: 0,
    blockWriteBytes: 0,
    pids: 1,
    pidsLimit: run.seen.resources?.pids ?? null,
    interfaces: {},
  };
}

export function topOfRun(world: MemoryWorld, ref: RunRef): { titles: string[]; processes: string[][] } {
  const { input } = getRunning(world, ref);
  const command = [...(input.spec.entrypoint ?? []), ...(input.spec.command ?? [])].join(' ');
  return { titles: ['PID', 'USER', 'COMMAND'], processes: [['1', input.spec.user ?? 'root', command]] };
}

export async function* watchWorld(world: MemoryWorld, signal: AbortSignal): AsyncGenerator<Hint, void> {
  const watcher = new Channel<Hint>();
  const end = () => watcher.close();
  world.watchers.add(watcher);
  signal.addEventListener('abort', end);
  try {
    if (!signal.aborted) yield* watcher;
  } finally {
    signal.removeEventListener('abort', end);
    world.watchers.delete(watcher);
  }
}

function getRunning(world: MemoryWorld, ref: RunRef): MemoryRun {
  const run = getRun(world, ref);
  if (run.seen.phase !== 'running') throw new AppError('conflict', 'The container does not run.');
  return run;
}
