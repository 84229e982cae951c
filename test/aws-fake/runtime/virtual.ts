/** A runtime without processes, for simulations: containers run until they are stopped or a test ends them. */
import { Duplex, PassThrough } from 'node:stream';
import { hexId } from '../random-ids.ts';
import {
  type ContainerExit,
  type ContainerPlan,
  PullError,
  type RuntimeContainer,
  type TaskRuntime,
} from './runtime.ts';

export interface VirtualContainer {
  taskId: string;
  plan: ContainerPlan;
  /** As if its process had ended. */
  end(exit: Partial<ContainerExit>): void;
}

export interface VirtualRuntime extends TaskRuntime {
  /** What runs now. */
  running: Set<VirtualContainer>;
  /** References that cannot be pulled, with the reason. */
  unpullable: Map<string, string>;
  /** What a container answers to the stop signal; 143 without one. */
  stopExitCode: (container: VirtualContainer) => number;
  /** What a command in a container writes before it ends; nothing without one. */
  onExec: (container: VirtualContainer, command: string[]) => string;
}

export function virtualRuntime(): VirtualRuntime {
  let addresses = 0;
  const running = new Set<VirtualContainer>();
  const runtime: VirtualRuntime = {
    running,
    unpullable: new Map(),
    stopExitCode: () => 143,
    onExec: () => '',
    async takeAddress({ key }) {
      addresses += 1;
      const [high, low] = [Math.floor(addresses / 250) % 250, (addresses % 250) + 4];
      return {
        network: key,
        privateIp: `10.0.${high}.${low}`,
        mac: `02:00:0a:00:${hexId(2)}:${hexId(2)}`,
        dns: undefined,
      };
    },
    async releaseAddress() {},
    async pull({ reference }) {
      const reason = runtime.unpullable.get(reference);
      if (reason !== undefined) throw new PullError(reason);
      return { digest: /@(sha256:[0-9a-f]{64})$/.exec(reference)?.[1] };
    },
    async open({ taskId, containers }) {
      return {
        async start(name) {
          const plan = containers.find((container) => container.name === name);
          if (!plan) throw new Error(`no container ${name}`);
          return startContainer(runtime, taskId, plan);
        },
        async close() {},
      };
    },
    async close() {
      running.clear();
    },
  };
  return runtime;
}

function startContainer(runtime: VirtualRuntime, taskId: string, plan: ContainerPlan): RuntimeContainer {
  const { promise, resolve } = Promise.withResolvers<ContainerExit>();
  const container: VirtualContainer = {
    taskId,
    plan,
    end(exit) {
      runtime.running.delete(container);
      resolve({ exitCode: 0, outOfMemory: false, ...exit });
    },
  };
  runtime.running.add(container);
  return {
    runtimeId: `${taskId}-${hexId(10)}`,
    exited: promise,
    health: async () => 'HEALTHY',
    async stop() {
      container.end({ exitCode: runtime.stopExitCode(container) });
    },
    async exec(command) {
      const stream = new PassThrough();
      // Whoever reads gets everything, also what comes before it listens.
      stream.end(runtime.onExec(container, command));
      return { stream: Duplex.from({ readable: stream, writable: new PassThrough() }), resize, kill };
    },
  };
}

const resize = async () => {};
const kill = async () => {};
