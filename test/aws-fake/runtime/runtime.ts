/** What runs the containers of tasks: the local Engine, or nothing but the fake's clock. */
import type { Duplex } from 'node:stream';

export interface ContainerPlan {
  name: string;
  /** As the task definition writes it, until it is pulled: then what the runtime knows it by. */
  image: string;
  command: string[] | undefined;
  entryPoint: string[] | undefined;
  environment: Record<string, string>;
  user: string | undefined;
  workingDirectory: string | undefined;
  readOnly: boolean;
  init: boolean;
  tty: boolean;
  openStdin: boolean;
  addCapabilities: string[];
  dropCapabilities: string[];
  ulimits: { name: string; soft: number; hard: number }[];
  sysctls: Record<string, string>;
  labels: Record<string, string>;
  /** Hard limit; the task's whole memory without one. */
  memoryMiB: number;
  mounts: MountPlan[];
  healthCheck:
    | { command: string[]; intervalS: number; timeoutS: number; retries: number; startPeriodS: number }
    | undefined;
  stopTimeoutS: number;
  /** One call per line of either stream. */
  onLine: ((line: string) => void) | undefined;
}

export interface MountPlan {
  /** Volumes of the name `task-<id>-…` end with the task. */
  volume: string;
  path: string;
  readOnly: boolean;
  /** Whose the volume is when it is made. */
  owner?: { uid: number; gid: number; mode: number } | undefined;
}

export interface TaskPlan {
  taskId: string;
  cpuUnits: number;
  memoryMiB: number;
  address: TaskAddress;
  containers: ContainerPlan[];
}

/** Where a task is in its private network. Tasks of other networks do not reach it. */
export interface TaskAddress {
  network: string;
  privateIp: string;
  mac: string;
  /** The resolver of the network, where there is one. */
  dns: string | undefined;
}

export interface NetworkPlan {
  /** Tasks with the same key share a network. */
  key: string;
  /** Whether they may talk to each other, as a self-referencing rule of their security group allows. */
  mutual: boolean;
  /** The addresses of a private name; undefined for a name that is not private. */
  lookUp: (name: string) => string[] | undefined;
}

/** An image that could not be pulled; the message goes into CannotPullContainerError. */
export class PullError extends Error {}

/** A container that could not be started; the message goes into CannotStartContainerError or so. */
export class StartError extends Error {}

export interface TaskRuntime {
  takeAddress(plan: NetworkPlan): Promise<TaskAddress>;
  releaseAddress(address: TaskAddress): Promise<void>;
  /** Makes the image ready. Throws PullError. @param localReference where the Engine can pull it from, with the login */
  pull(image: PulledImage): Promise<{ digest: string | undefined }>;
  open(plan: TaskPlan): Promise<RuntimeTask>;
  /** Removes what is left of all tasks. */
  close(): Promise<void>;
}

export interface PulledImage {
  reference: string;
  login: { username: string; password: string } | undefined;
  platform: string;
}

export interface RuntimeTask {
  /** Throws StartError. */
  start(name: string): Promise<RuntimeContainer>;
  close(): Promise<void>;
}

export interface RuntimeContainer {
  runtimeId: string;
  exited: Promise<ContainerExit>;
  health(): Promise<'HEALTHY' | 'UNHEALTHY' | 'UNKNOWN'>;
  /** The stop signal, and KILL after the grace; settled when it has ended. */
  stop(graceS: number): Promise<void>;
  exec(command: string[]): Promise<RuntimeExec>;
}

export interface ContainerExit {
  exitCode: number;
  outOfMemory: boolean;
}

export interface TerminalSize {
  cols: number;
  rows: number;
}

/** A command on a terminal of its own. */
export interface RuntimeExec {
  stream: Duplex;
  resize(size: TerminalSize): Promise<void>;
  kill(): Promise<void>;
}
