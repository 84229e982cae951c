/** What the calls on runs do to the world, at once and synchronously. Each keeps the promises written at its place in the port. */
import type { Clock, Ids } from '../../domain/clock.ts';
import type { PublishedPort } from '../../domain/container.ts';
import { AppError } from '../../domain/errors.ts';
import type { CreateInput, RunRef } from '../provider.ts';
import { Process } from './process.ts';
import { parseCommand } from './script.ts';
import { change, findRun, getRun, hint, isUp, type MemoryRun, type MemoryWorld } from './world.ts';

export interface RunsContext {
  world: MemoryWorld;
  installId: string;
  clock: Clock;
  ids: Ids;
  /** Docker-like: a stopped run starts again. Otherwise, as on ECS, it never does and observations carry versions. */
  restartInPlace: boolean;
}

const longestLog = 10_000;

export function createRun(context: RunsContext, input: CreateInput): { handle: string } {
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
    return { handle: existing.seen.handle };
  }
  if (!world.images.has(input.imageId)) throw new AppError('not_found', 'The image is not at the provider.');
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
    seen: {
      kind: 'present',
      handle: ids.hex64(),
      phase: 'created',
      exitCode: null,
      oomKilled: false,
      health: 'none',
      address: null,
      ports: [],
      startedAt: null,
      finishedAt: null,
      version: context.restartInPlace ? null : 1,
    },
    history: [{ kind: 'absent' }],
    process: null,
    logs: [],
    followers: new Set(),
    onEnd: new Set(),
  };
  run.history.push(run.seen);
  world.runs.set(input.key, run);
  world.byHandle.set(run.seen.handle, run);
  hint(world, run);
  return { handle: run.seen.handle };
}

export function startRun(context: RunsContext, ref: RunRef): void {
  const { world, clock } = context;
  const run = getRun(world, ref);
  if (run.seen.phase === 'running') return;
  if (run.seen.phase === 'paused') throw new AppError('conflict', 'The container is paused.');
  if (run.seen.phase === 'exited' && !context.restartInPlace) {
    throw new AppError('conflict', 'A stopped run cannot be started again.');
  }
  const program = parseCommand(commandOf(world, run), run.input.spec.env);
  const ports = takePorts(world, run);
  const check = run.input.spec.healthcheck;
  change(world, run, {
    phase: 'running',
    exitCode: null,
    health: check && check.command[0] !== 'NONE' ? 'healthy' : 'none',
    address: nextAddress(world),
    ports,
    startedAt: new Date(clock.now()),
    finishedAt: null,
  });
  run.process = new Process(program, {
    clock,
    write: (stream, data) => appendLog(run, stream, data, clock),
    input: run.input.spec.stdin ? endlessInput() : null,
    onExit: (code) => ended(context, run, code),
  });
}

/** Sends the stop signal; whoever asked watches, and kills at the end of the grace. */
export function stopRun(context: RunsContext, ref: RunRef, signalName: string | null): void {
  const run = getRun(context.world, ref);
  if (!isUp(run)) return;
  const ofImage = context.world.images.get(run.input.imageId)?.details.config.stopSignal;
  run.process?.signal(signalName ?? ofImage ?? 'TERM');
}

export function killRun(context: RunsContext, ref: RunRef, signalName: string): void {
  const run = getRun(context.world, ref);
  if (!isUp(run)) throw new AppError('conflict', 'The container does not run.');
  run.process?.signal(signalName);
}

export function pauseRun(context: RunsContext, ref: RunRef): void {
  const run = getRun(context.world, ref);
  if (run.seen.phase === 'paused') return;
  if (run.seen.phase !== 'running') throw new AppError('conflict', 'The container does not run.');
  run.process?.pause();
  change(context.world, run, { phase: 'paused' });
}

export function unpauseRun(context: RunsContext, ref: RunRef): void {
  const run = getRun(context.world, ref);
  if (run.seen.phase === 'running') return;
  if (run.seen.phase !== 'paused') throw new AppError('conflict', 'The container is not paused.');
  change(context.world, run, { phase: 'running' });
  run.process?.unpause();
}

export function destroyRun(context: RunsContext, ref: RunRef): void {
  const { world } = context;
  const run = findRun(world, ref);
  if (!run) return;
  run.process?.signal('KILL');
  world.runs.delete(run.input.key);
  world.byHandle.delete(run.seen.handle);
  hint(world, run);
}

function ended({ world, clock }: RunsContext, run: MemoryRun, exitCode: number): void {
  for (const { protocol, hostPort } of run.seen.ports) world.ports.delete(`${protocol}/${hostPort}`);
  run.process = null;
  for (const channel of run.followers) channel.close();
  for (const end of run.onEnd) end();
  change(world, run, {
    phase: 'exited',
    exitCode,
    health: 'none',
    address: null,
    ports: [],
    finishedAt: new Date(clock.now()),
  });
}

/** Docker's rule: an entrypoint of the spec also drops the image's command. */
function commandOf(world: MemoryWorld, { input }: MemoryRun): string[] {
  const image = world.images.get(input.imageId)?.details.config;
  const { entrypoint, command } = input.spec;
  if (entrypoint) return [...entrypoint, ...(command ?? [])];
  return [...(image?.entrypoint ?? []), ...(command ?? image?.command ?? [])];
}

function takePorts(world: MemoryWorld, run: MemoryRun): PublishedPort[] {
  const wanted = run.input.spec.ports;
  const taken = wanted.find(({ protocol, hostPort }) => hostPort !== 0 && world.ports.has(`${protocol}/${hostPort}`));
  if (taken) throw new AppError('conflict', `Port ${taken.hostPort} is already taken.`, { details: { port: taken.hostPort } });
  return wanted.map(({ protocol, hostPort, containerPort }) => {
    const port = hostPort || freePort(world, protocol);
    world.ports.set(`${protocol}/${port}`, run.input.key);
    return { containerPort, hostPort: port, hostAddress: '127.0.0.1', protocol };
  });
}

function freePort(world: MemoryWorld, protocol: string): number {
  for (;;) {
    world.counter += 1;
    const port = 49_152 + (world.counter % 16_384);
    if (!world.ports.has(`${protocol}/${port}`)) return port;
  }
}

function nextAddress(world: MemoryWorld): string {
  world.counter += 1;
  return `10.${(world.counter >> 16) & 255}.${(world.counter >> 8) & 255}.${world.counter & 255}`;
}

function appendLog(run: MemoryRun, stream: 'stdout' | 'stderr', data: Uint8Array, clock: Clock): void {
  const chunk = { stream, at: new Date(clock.now()), line: data.subarray(0, -1) };
  run.logs.push(chunk);
  if (run.logs.length > longestLog) run.logs.shift();
  for (const follower of run.followers) follower.push(chunk);
}

/** An open standard input that nobody writes to. */
async function* endlessInput(): AsyncGenerator<Uint8Array, void> {
  await new Promise(() => {});
}
