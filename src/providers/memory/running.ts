/** Starting a run's process and what its end leaves behind. */
import { commandOf } from '../../domain/container-command.ts';
import { AppError } from '../../domain/errors.ts';
import type { RunRef } from '../provider.ts';
import { endedEndpoints, firstAddress, liveEndpoints } from './attachments.ts';
import { Channel } from './channel.ts';
import { appendLog, endLogs } from './logs.ts';
import { releasePorts, takePorts } from './ports.ts';
import { Process } from './process.ts';
import type { RunsContext } from './runs.ts';
import { parseCommand } from './script.ts';
import { change, getRun, type MemoryRun, type MemoryWorld } from './world.ts';

export function startRun(context: RunsContext, ref: RunRef): void {
  const { world, clock } = context;
  const run = getRun(world, ref);
  if (run.seen.phase === 'running') return;
  if (run.seen.phase === 'paused') throw new AppError('conflict', 'The container is paused.');
  if (run.seen.phase === 'exited' && !world.restartInPlace) {
    throw new AppError('conflict', 'A stopped run cannot be started again.');
  }
  const program = parseCommand(wordsOf(world, run), run.input.spec.env);
  const ports = takePorts(world, run);
  const networks = liveEndpoints(world, run);
  const check = run.input.spec.healthcheck;
  change(world, run, {
    phase: 'running',
    exitCode: null,
    health: check?.command && check.command[0] !== 'NONE' ? 'healthy' : 'none',
    address: firstAddress(networks),
    networks,
    ports,
    startedAt: new Date(clock.now()),
    finishedAt: null,
  });
  run.process = new Process(program, {
    clock,
    write: (stream, data) => appendLog(run, stream, data, new Date(clock.now())),
    input: run.input.spec.stdin ? run.stdin : null,
    onExit: (code) => ended(context, run, code),
  });
}

function ended({ world, clock }: RunsContext, run: MemoryRun, exitCode: number): void {
  releasePorts(world, run);
  endLogs(run);
  run.stdin.close();
  run.stdin = new Channel();
  for (const end of run.onEnd) end();
  change(world, run, {
    phase: 'exited',
    exitCode,
    health: 'none',
    address: null,
    networks: endedEndpoints(run),
    ports: [],
    finishedAt: new Date(clock.now()),
  });
}

/** Docker's rule: an entrypoint of the spec also drops the image's command. */
function wordsOf(world: MemoryWorld, { input }: MemoryRun): string[] {
  const { entrypoint, command } = commandOf(input.spec, world.images.get(input.imageId)?.details.config ?? null);
  return [...entrypoint, ...command];
}
