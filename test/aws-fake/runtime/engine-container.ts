/** One container of a task on the Engine. */
import { Writable } from 'node:stream';
import { finished } from 'node:stream/promises';
import { setTimeout as sleep } from 'node:timers/promises';
import type Docker from 'dockerode';
import type { MountSettings } from 'dockerode';
import { ignoring } from './engine-answers.ts';
import {
  type ContainerExit,
  type ContainerPlan,
  type RuntimeContainer,
  type RuntimeExec,
  StartError,
  type TaskPlan,
  type TerminalSize,
} from './runtime.ts';

interface Start {
  task: TaskPlan;
  container: ContainerPlan;
  mounts: MountSettings[];
  labels: Record<string, string>;
  /** Network settings. */
  place: Partial<Docker.ContainerCreateOptions>;
}

const secondNs = 1_000_000_000;
const mebibyte = 1024 * 1024;
const terminalPollMs = 10;

/** Throws StartError with the Engine's own words. */
export async function startEngineContainer(docker: Docker, start: Start): Promise<EngineContainer> {
  const { container: plan } = start;
  const { NCPU } = await docker.info();
  const container = await asStartError(docker.createContainer(createOptions(start, NCPU)));
  const output = await container.attach({ stream: true, stdout: true, stderr: true });
  const ended = readLines(docker, output, plan);
  try {
    await asStartError(container.start());
  } catch (error) {
    await ignoring([404], container.remove({ force: true, v: true }));
    throw error;
  }
  return new EngineContainer(container, start.task.taskId, describeExit(container, ended));
}

function createOptions({ task, container: plan, mounts, labels, place }: Start, cpus: number) {
  const { healthCheck: health } = plan;
  return {
    ...place,
    Image: plan.image,
    ...(plan.command && { Cmd: plan.command }),
    ...(plan.entryPoint && { Entrypoint: plan.entryPoint }),
    Env: Object.entries(plan.environment).map(([name, value]) => `${name}=${value}`),
    Labels: { ...plan.labels, ...labels },
    Tty: plan.tty,
    OpenStdin: plan.openStdin,
    ...(plan.user !== undefined && { User: plan.user }),
    ...(plan.workingDirectory !== undefined && { WorkingDir: plan.workingDirectory }),
    Healthcheck: health
      ? {
          Test: health.command,
          Interval: health.intervalS * secondNs,
          Timeout: health.timeoutS * secondNs,
          Retries: health.retries,
          StartPeriod: health.startPeriodS * secondNs,
        }
      : { Test: ['NONE'] },
    HostConfig: {
      ...place.HostConfig,
      ReadonlyRootfs: plan.readOnly,
      Init: plan.init,
      CapAdd: plan.addCapabilities,
      CapDrop: plan.dropCapabilities,
      Ulimits: plan.ulimits.map(({ name, soft, hard }) => ({ Name: name, Soft: soft, Hard: hard })),
      Sysctls: plan.sysctls,
      Mounts: mounts,
      Memory: plan.memoryMiB * mebibyte,
      MemorySwap: plan.memoryMiB * mebibyte,
      NanoCpus: Math.min(task.cpuUnits / 1024, cpus) * secondNs,
    },
  };
}

/** Calls back for each line; settled when the container's output has ended. */
function readLines(docker: Docker, output: NodeJS.ReadWriteStream, { tty, onLine }: ContainerPlan): Promise<void> {
  const writers = [new LineWriter(onLine), new LineWriter(onLine)] as const;
  const [stdout, stderr] = writers;
  if (tty) output.pipe(stdout);
  else docker.modem.demuxStream(output, stdout, stderr);
  return finished(output, { writable: false })
    .catch(() => {
      // The Engine cuts the connection of a container that is removed; what came until then counts.
    })
    .then(() => {
      for (const writer of writers) writer.end();
    });
}

class LineWriter extends Writable {
  private rest = Buffer.alloc(0);
  private readonly onLine: (line: string) => void;

  constructor(onLine: ContainerPlan['onLine']) {
    super();
    this.onLine = onLine ?? (() => {});
  }

  override _write(chunk: Buffer, _encoding: string, done: () => void): void {
    this.rest = Buffer.concat([this.rest, chunk]);
    for (let end = this.rest.indexOf(10); end >= 0; end = this.rest.indexOf(10)) {
      this.onLine(this.rest.subarray(0, end).toString().replace(/\r$/, ''));
      this.rest = this.rest.subarray(end + 1);
    }
    done();
  }

  override _final(done: () => void): void {
    if (this.rest.length > 0) this.onLine(this.rest.toString());
    done();
  }
}

/** It is asked for after the start: a wait for the next exit may reach the Engine when that is over already. */
async function describeExit(container: Docker.Container, ended: Promise<void>): Promise<ContainerExit> {
  const { StatusCode } = await container.wait();
  const { State } = await container.inspect();
  await ended;
  return { exitCode: StatusCode, outOfMemory: State.OOMKilled };
}

/** The Engine's keys for leaving a session, which the agent has none of, are made something that no input has. */
const neverTyped = Array.from({ length: 8 }, () => 'ctrl-@,ctrl-_').join(',');

export class EngineContainer implements RuntimeContainer {
  readonly runtimeId: string;
  readonly exited: Promise<ContainerExit>;
  private readonly container: Docker.Container;

  constructor(container: Docker.Container, taskId: string, exited: Promise<ContainerExit>) {
    this.container = container;
    this.runtimeId = `${taskId}-${container.id.slice(0, 10)}`;
    this.exited = exited;
  }

  async health() {
    const { State } = await this.container.inspect();
    if (State.Health?.Status === 'healthy') return 'HEALTHY' as const;
    return State.Health?.Status === 'unhealthy' ? ('UNHEALTHY' as const) : ('UNKNOWN' as const);
  }

  async stop(graceS: number): Promise<void> {
    await ignoring([304, 404], this.container.stop({ t: graceS }));
  }

  /** As root, whatever the container's user is. */
  async exec(command: string[]): Promise<RuntimeExec> {
    const exec = await this.container.exec({
      Cmd: command,
      User: '0:0',
      Tty: true,
      AttachStdin: true,
      AttachStdout: true,
      AttachStderr: true,
      DetachKeys: neverTyped,
      Env: ['TERM=xterm-256color', 'LANG=C.UTF-8'],
    });
    const stream = await exec.start({ hijack: true, stdin: true, Tty: true });
    const resize = async (size: TerminalSize): Promise<void> => {
      // The Engine answers before the process is there; until then it has no terminal to resize.
      for (let { Pid, Running } = await exec.inspect(); Running || Pid === 0; { Pid, Running } = await exec.inspect()) {
        if (Pid > 0) return void (await ignoring([409, 500], exec.resize({ w: size.cols, h: size.rows })));
        await sleep(terminalPollMs);
      }
    };
    const kill = async () => {
      const { Running, Pid } = await exec.inspect();
      stream.destroy();
      // The Engine has no call for it; its processes are this machine's.
      if (Running && Pid > 0) killProcess(Pid);
    };
    return { stream, resize, kill };
  }

  async remove(): Promise<void> {
    await ignoring([404], this.container.remove({ force: true, v: true }));
  }
}

/** One that ended meanwhile needs no signal. */
function killProcess(pid: number): void {
  try {
    process.kill(pid, 'SIGKILL');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ESRCH') throw error;
  }
}

async function asStartError<T>(answer: Promise<T>): Promise<T> {
  try {
    return await answer;
  } catch (error) {
    throw new StartError(error instanceof Error ? error.message : String(error));
  }
}
