/**
 * The port: what Longshore needs of anything that can run containers. Providers translate and nothing else; they keep
 * no state that a restart would miss. Optional members are capabilities: present = supported. One file, although it is long:
 * who writes a provider reads the whole contract in one place.
 *
 * Every call takes CallOptions and must end (resolve or throw) soon after its signal aborts. Logs, stats, hints and
 * a session's output then end without an error: their reader knows why. Errors are AppError:
 *   unavailable   the provider cannot be reached (retried)      timeout    no answer in time, effect unknown (retried)
 *   rate_limited  throttled (retried)                           internal   anything unexpected (retried)
 *   not_found     the object, image … is not there              conflict   a port is taken, or the state forbids it
 *   invalid       the request can never work (bad command …)    unsupported / forbidden / limit   as they say
 * The provider's own text goes into `cause`, never into the public message.
 */

import type { Failure, Health, Phase, PublishedPort } from '../domain/container.ts';
import type { ContainerSizes, PathChange, PathStat } from '../domain/container-files.ts';
import type { ContainerSpec, Resources } from '../domain/container-spec.ts';
import type { ExecSpec } from '../domain/exec.ts';
import type { ImageDetails } from '../domain/image.ts';
import type { ImageConfigChange } from '../domain/image-config-change.ts';
import type { Endpoint, Ipam } from '../domain/network.ts';
import type { News } from '../domain/wakeups.ts';

export interface CallOptions {
  /** Carries the caller's deadline and its cancellation. */
  signal: AbortSignal;
  /** Whether the caller may still act. Asked before each step of a call, so that a process that slept begins no further one. */
  mayAct?: () => boolean;
}

/** How a run is addressed: by the key fixed before its creation, and by the handle once one is known. */
export interface RunRef {
  key: string;
  handle: string | null;
}

export interface NetworkRef {
  key: string;
  tenantId: string;
  internal: boolean;
  /** Absent or null: any addresses that are free. */
  ipam?: Ipam | null;
}

/** By what names a run is found on a network: its own, the short id of its container, and its aliases there. */
export interface EndpointInput {
  key: string;
  name: string;
  containerId: string;
  aliases: string[];
}

export interface VolumeRef {
  key: string;
  tenantId: string;
}

/** One incarnation to be made. Objects it refers to are named by their provider keys and have been ensured before. */
export interface CreateInput {
  key: string;
  tenantId: string;
  containerId: string;
  incarnation: number;
  /** The tenant's name of it, for DNS. */
  name: string;
  spec: ContainerSpec;
  /** `sha256:…`, already held at the provider. */
  imageId: string;
  networks: (NetworkRef & { aliases: string[] })[];
  /** Provider key and place of each volume of the spec's mounts, in the order of the mounts of type volume. */
  volumes: (VolumeRef & { target: string; readOnly: boolean })[];
}

export type Observation =
  | { kind: 'absent' }
  | {
      kind: 'present';
      handle: string;
      phase: Extract<Phase, 'created' | 'running' | 'paused' | 'exited'>;
      exitCode: number | null;
      oomKilled: boolean;
      /** It ended because the provider itself stopped under it. */
      interrupted: boolean;
      health: Health;
      /** On its first network that gives it one. */
      address: string | null;
      /** By the networks' keys; null when the provider does not tell. */
      networks: Record<string, Endpoint> | null;
      ports: PublishedPort[];
      /** The limits it has, or the size that was rounded up from them; absent = none, null where the provider does not tell. */
      resources: Resources | null;
      startedAt: Date | null;
      finishedAt: Date | null;
      /** Phase created: a start was taken and is under way; it needs no other. */
      starting?: boolean;
      /** Phase created: why its last start came to nothing. */
      failure?: Failure | null;
      /** Orders observations where the provider can answer late (ECS detail.version); null when it always answers the latest. */
      version: number | null;
    };

export type OwnedKind = 'container' | 'network' | 'volume' | 'image';

/** Something at the provider that carries this installation's mark. */
export interface OwnedObject {
  kind: OwnedKind;
  /** The key given at creation. */
  key: string;
  handle: string;
  tenantId: string;
  /** For containers: whose incarnation it is, and what the list says of it, which may be late. */
  containerId: string | null;
  incarnation: number | null;
  phase: Extract<Observation, { kind: 'present' }>['phase'] | null;
}

export interface Features {
  /** A stopped run can be started again and keeps its writable layer; otherwise every start is a new incarnation. */
  restartInPlace: boolean;
  /** Where every start is a new incarnation: a run's log begins with those of the earlier ones. */
  logsGoOn?: boolean;
  /** It gives containers the next size that it has: what a run was seen with is no reason to change its limits. */
  roundsLimits?: boolean;
  /** How long an absence must last before it counts as loss, in seconds. */
  absenceSeconds: number;
  mountTypes: readonly ('volume' | 'tmpfs' | 'bind')[];
  /** Upper bounds that no spec may exceed; null = the operator's quota alone decides. */
  maxMemoryMiB: number | null;
  maxCpus: number | null;
  /** It gives containers secrets out of a store of its own; otherwise none may be asked for. */
  secrets?: boolean;
  /** Whatever else it can never run: null = nothing of this spec. Pure. */
  refusalOf?: (spec: ContainerSpec) => Refusal | null;
  /** What it takes of a spec and does otherwise than asked, a sentence each. Pure. */
  warningsOf?: (spec: ContainerSpec) => string[];
  /** What its methods do not tell or do as elsewhere; nothing when absent. */
  lacks?: readonly Lack[];
}

export interface Refusal {
  /** Path in the spec. */
  field: string;
  /** Why, and what to do instead. */
  reason: string;
}

/**
 * `separate log streams`: all lines are stdout's. `addresses per network`: a run has one address on all of them. `sizes of
 * volumes`: none is known. `chosen ports`: a port is published at its own number on the run's own address, so that none is
 * ever taken. `prompt kills`: KILL comes after the stop signal, when the grace of the spec is over. `refused commands`: what
 * cannot be executed starts, and ends with 126 or 127. `input`: no run takes any. `files at rest`: a run has files while it
 * runs, and no others.
 */
export type Lack =
  | 'separate log streams'
  | 'addresses per network'
  | 'sizes of volumes'
  | 'chosen ports'
  | 'prompt kills'
  | 'refused commands'
  | 'input'
  | 'files at rest';

export interface LogOptions extends CallOptions {
  follow: boolean;
  /** Unix seconds, fractions allowed; what was received then is included. */
  since?: number | undefined;
  /** As since, with all of its millisecond. */
  until?: number | undefined;
  /** Last lines only. */
  tail?: number | undefined;
}

export interface LogChunk {
  stream: 'stdout' | 'stderr';
  /** When the provider received the line. */
  at: Date;
  /** One line without its newline. */
  line: Uint8Array;
  /** Whether a newline followed: not behind the last words of a run, nor between the pieces of a line without end. */
  ended: boolean;
}

export interface AttachInput {
  /** As its spec says: one stream of raw bytes instead of two. */
  tty: boolean;
  stdin: boolean;
  stdout: boolean;
  stderr: boolean;
  /** What it wrote before comes first. */
  logs: boolean;
  /** Stays for what comes; without it the session ends with the logs. */
  stream: boolean;
  /** Docker's: keys that end the session of a terminal and leave the process alone, `ctrl-p,ctrl-q` when absent. */
  detachKeys?: string | undefined;
}

/** A live connection to a process. Output ends when the process does; `exit` then resolves. */
export interface Session {
  output: AsyncIterable<{ stream: 'stdout' | 'stderr'; data: Uint8Array }>;
  /** Resolves when the bytes were taken: the writer's back-pressure. */
  write(data: Uint8Array): Promise<void>;
  endInput(): Promise<void>;
  resize(columns: number, rows: number): Promise<void>;
  /** Null when the provider could not tell. */
  exit: Promise<number | null>;
  close(): void;
}

export interface InterfaceCounts {
  rxBytes: number;
  rxPackets: number;
  rxErrors: number;
  rxDropped: number;
  txBytes: number;
  txPackets: number;
  txErrors: number;
  txDropped: number;
}

export interface StatsSample {
  at: Date;
  cpuPercent: number;
  cpuNanoseconds: number;
  /** Of it in user mode and in the kernel. */
  cpuUserNanoseconds: number;
  cpuKernelNanoseconds: number;
  /** What all processes of the machine used of its CPUs, and how many these are: the measure of a percentage. */
  systemCpuNanoseconds: number;
  onlineCpus: number;
  /** Without the cache that could be dropped at once. */
  memoryBytes: number;
  memoryCacheBytes: number;
  memoryLimitBytes: number;
  networkRxBytes: number;
  networkTxBytes: number;
  blockReadBytes: number;
  blockWriteBytes: number;
  pids: number;
  pidsLimit: number | null;
  /** By their names in the container. */
  interfaces: Record<string, InterfaceCounts>;
}

export interface PutOptions extends CallOptions {
  /** Refuses to replace a directory by something else, or something else by a directory. */
  noOverwriteDirNonDir: boolean;
  /** Owners as the archive numbers them, where a provider would map them otherwise. */
  copyUidGid: boolean;
}

/**
 * Files of a run, started or not. Paths are the container's: relative ones begin at /, and no `..` and no link leads out.
 * not_found: the run or the path is not there (details.path tells which); invalid: a file where a directory is needed, or no tar.
 */
export interface ArchivePort {
  stat(run: RunRef, path: string, options: CallOptions): Promise<PathStat>;
  /** A tar of what is there, under its own name. Its signal ends the content as well, with an error. */
  get(run: RunRef, path: string, options: CallOptions): Promise<{ stat: PathStat; content: AsyncIterable<Uint8Array> }>;
  /** Unpacks a tar into a directory. Repeatable. What broke off half-way stays half done. forbidden: the root is read-only. */
  put(run: RunRef, path: string, tar: AsyncIterable<Uint8Array>, options: PutOptions): Promise<void>;
}

export interface CommitInput {
  /** Held for this tenant from then on. */
  tenantId: string;
  author: string;
  comment: string;
  /** Freezes its processes meanwhile. */
  pause: boolean;
  /** What becomes another than in the container; lists and records replace or extend as with `docker commit`. */
  config: ImageConfigChange;
}

export interface RegistryAuth {
  username?: string | undefined;
  password?: string | undefined;
  identityToken?: string | undefined;
}

export interface PullInput {
  /** Normalised: domain/path, and a tag or digest. */
  domain: string;
  path: string;
  tag: string | null;
  digest: string | null;
  auth: RegistryAuth | null;
  /** `os[/architecture[/variant]]` where the registry has several; absent = that of the provider. */
  platform?: string | undefined;
  /** The image is kept at the provider for this tenant until released. */
  tenantId: string;
}

export interface PullProgress {
  /** Layer id, when the line is about one. */
  id: string | null;
  status: string;
  current: number | null;
  total: number | null;
}

/** Images to be taken in. Everything in the archive was verified: its ids and its layers are what they are said to be. */
export interface LoadInput {
  /** In the archive. */
  imageIds: string[];
  /** As `docker save` writes it, each image under the names that the provider wants it to have, and no others. */
  archive: (namesOf: (imageId: string) => string[]) => AsyncIterable<Uint8Array>;
  tenantId: string;
}

export interface BuildInput {
  tenantId: string;
  /** One instruction a line, every image in it `sha256:…` and held for the tenant. Triggers of these are not to be run: they are in it. */
  dockerfile: string;
  /** A tar of the files, with this text as the Dockerfile. Read once. */
  context: (dockerfile: string) => AsyncIterable<Uint8Array>;
  /** Where it is in that tar. */
  dockerfilePath: string;
  target: string | null;
  /** Null: the value is whatever the Dockerfile says. */
  buildArgs: Record<string, string | null>;
  labels: Record<string, string>;
  noCache: boolean;
  /** Null: the steps have no network. */
  network: NetworkRef | null;
  extraHosts: string[];
  memoryMiB: number;
  cpus: number;
  shmMiB: number | null;
}

export interface PushAccessInput {
  tenantId: string;
  /** Names below the tenant's own, one or more. They are made. */
  repositories: string[];
}

export interface PushAccess {
  /** Its host, as names of images begin with it. */
  registry: string;
  username: string;
  password: string;
  expiresAt: Date;
  /** With registry and all, in their order. */
  repositories: string[];
}

/** What a tenant pushed to the provider's registry; held for it. */
export interface PushedImage {
  /** With registry and all. */
  repository: string;
  tag: string;
  /** Of what the tag names, which may be a list. */
  digest: string;
  details: ImageDetails;
}

/** Images are held per tenant: two tenants share layers, yet neither's release takes the other's image away. */
export interface ImagePort {
  /** Pulls and holds. Yields progress; returns what was pulled. not_found when the registry lacks it, forbidden when it refuses the credential. Repeatable. */
  pull(input: PullInput, options: CallOptions): AsyncGenerator<PullProgress, ImageDetails, void>;
  /** Details of an image by id or by a name known to the provider; not_found when it has none. */
  inspect(reference: string, options: CallOptions): Promise<ImageDetails>;
  /** Keeps an image that is already there for a tenant. Repeatable. */
  hold(imageId: string, tenantId: string, options: CallOptions): Promise<void>;
  /** Ends a tenant's hold; the provider may reclaim what nobody holds. Repeatable; absent = done. conflict while in use. */
  release(imageId: string, tenantId: string, options: CallOptions): Promise<void>;
  /** A tar as `docker save` writes it, of these ids and without names. Ends with an error where one is gone. */
  save?(imageIds: string[], options: CallOptions): AsyncIterable<Uint8Array>;
  /** Takes in and holds. invalid for what is no image; repeatable. */
  load?(input: LoadInput, options: CallOptions): Promise<ImageDetails[]>;
  /**
   * Yields what the steps say; returns the image, held. A step that fails is invalid with its code in details.exitCode.
   * Steps of other tenants' builds are never taken for this one's.
   */
  build?(input: BuildInput, options: CallOptions): AsyncGenerator<string, ImageDetails, void>;
  /** A password for the provider's own registry that opens repositories of this tenant and no others. Each call gives another. invalid for a name. */
  pushAccess?(input: PushAccessInput, options: CallOptions): Promise<PushAccess>;
  /** What was pushed with such a password and was not told yet; told once the next is asked for. Has `pushAccess` beside it. */
  pushed?(tenantId: string, options: CallOptions): AsyncGenerator<PushedImage, void, void>;
  /** Forgets what earlier builds of a tenant left to be taken again. Answers the ids and how many bytes went. */
  pruneBuilds?(
    tenantId: string,
    which: (leftover: BuildLeftover) => boolean,
    options: CallOptions,
  ): Promise<{ ids: string[]; sizeBytes: number }>;
}

export interface BuildLeftover {
  /** In milliseconds. */
  createdAt: number;
  labels: Record<string, string>;
}

/** Something may have changed; look for yourself. */
export interface Hint {
  containerId: string;
  /** `started`, `ended`: a run of it began or is over, and nothing else changed. */
  news: News;
}

/** What an event of the provider's own says of a run. Nobody believes it: it is a reason to look. */
export interface ProviderEvent {
  tenantId: string;
  containerId: string;
  incarnation: number;
  /** Counts as the version of an Observation of that run does: what was seen at this one or a later one, it does not change. */
  version: number;
  news: News;
}

/** Events that were delivered together. Each comes again unless it is among the taken. */
export interface EventBatch {
  events: ProviderEvent[];
  /** To be called once, when what they ask for is on record. */
  taken(events: ProviderEvent[]): Promise<void>;
}

/** Of providers that tell what happens without being asked: late, more than once, in any order, or not at all. */
export interface EventPort {
  /** What a delivered text says; null = nothing about a run of ours. Pure. Throws invalid for what is no event. */
  read(text: string): ProviderEvent | null;
  /** Those delivered to this process, until aborted; reconnects by itself. Absent: they are delivered elsewhere. */
  follow?(options: CallOptions): AsyncIterable<EventBatch>;
}

export interface WatchOptions extends CallOptions {
  /** Called when hints begin to come, and again after each interruption: what happened before was not heard. */
  onHearing?: () => void;
}

/** Opens a data channel once. It is the capability to use it: no log may have it. */
export interface SessionAccess {
  streamUrl: string;
  token: string;
}

/** A data channel at whose other end session-manager/script.ts listens. */
export interface ExecAccess extends SessionAccess {
  sessionId: string;
  /** What the listener is to run, and the word that marks its notices. */
  script: string;
  mark: string;
}

export interface Provider {
  readonly name: 'memory' | 'docker' | 'aws';
  readonly features: Features;

  /** Throws unavailable unless the provider answers. */
  ping(options: CallOptions): Promise<void>;
  /** What an operator should know before strangers' containers run there, a sentence each. To be logged at the start. */
  warnings?(options: CallOptions): Promise<string[]>;
  /** What a tenant may know of where its containers run, and of how that is set up. */
  settings?(options: CallOptions): Promise<Record<string, string | number | boolean>>;

  /**
   * Idempotent by key: a second call adopts what the first made (after checking its labels), as it was made and in whatever
   * phase it is, and says so. Throws invalid, conflict, not_found (image).
   */
  create(input: CreateInput, options: CallOptions): Promise<{ handle: string; adopted: boolean }>;
  /** Repeatable: starting what runs is done. not_found when gone; conflict when a port is taken; invalid when the command cannot run (details.exitCode 126/127). */
  start(run: RunRef, options: CallOptions): Promise<void>;
  /** What there is now. Never throws not_found: that is `absent`. */
  observe(run: RunRef, options: CallOptions): Promise<Observation>;
  /** Asks it to end with its stop signal (the image's when null) and returns at once; the caller watches and kills at its deadline. Repeatable. */
  stop(run: RunRef, signalName: string | null, graceSeconds: number, options: CallOptions): Promise<void>;
  /** Sends a signal. conflict when it does not run; not_found when gone. */
  kill(run: RunRef, signalName: string, options: CallOptions): Promise<void>;
  /** Removes it, running or not, with its anonymous leftovers. Repeatable: absent = done. Resolves only when it is gone. */
  destroy(run: RunRef, options: CallOptions): Promise<void>;
  /** Everything that carries this installation's mark, of all tenants. */
  listOwned(options: CallOptions): Promise<OwnedObject[]>;
  /** Removes an object found by listOwned, of any kind. Repeatable. */
  discard(object: OwnedObject, options: CallOptions): Promise<void>;

  /** Repeatable: pausing what is paused, and unpausing what runs, is done. conflict when it has no process; not_found when gone. */
  pause?(run: RunRef, options: CallOptions): Promise<void>;
  unpause?(run: RunRef, options: CallOptions): Promise<void>;
  /** Makes a new name resolve on the run's networks, which are all named. Repeatable. not_found when the run or a network is gone. */
  rename?(run: RunRef, name: string, endpoints: EndpointInput[], options: CallOptions): Promise<void>;

  /** Lines in the order of time; with `follow` until the run ends. Absent run = nothing. */
  logs(run: RunRef, options: LogOptions): AsyncIterable<LogChunk>;
  /**
   * The run's own standard streams. Before its first start as well: nothing that it writes after this resolved is lost. Its
   * output ends with the run; the session's `exit` is null. not_found when gone; conflict while it is paused; unsupported for
   * input where no run takes any.
   */
  attach?(run: RunRef, input: AttachInput, options: CallOptions): Promise<Session>;
  /** Of the run's terminal. conflict when it does not run. */
  resize?(run: RunRef, columns: number, rows: number, options: CallOptions): Promise<void>;
  exec?(run: RunRef, spec: ExecSpec, options: CallOptions): Promise<Session>;
  /** Where sessions go through AWS's Session Manager: one for somebody else to speak over. Throws as exec does. */
  execAccess?(run: RunRef, spec: ExecSpec, options: CallOptions): Promise<ExecAccess>;
  /** The way back to such a session after its connection broke; null when it is over. Has `execAccess` beside it. */
  resumeExec?(session: { id: string; tenantId: string }, options: CallOptions): Promise<SessionAccess | null>;
  /** About one sample a second; the first within two. Ends with the run. */
  stats?(run: RunRef, options: CallOptions): AsyncIterable<StatsSample>;
  top?(run: RunRef, psArguments: string, options: CallOptions): Promise<{ titles: string[]; processes: string[][] }>;

  archive?: ArchivePort;
  /** Against its image, in the order of the paths. not_found when gone. */
  changes?(run: RunRef, options: CallOptions): Promise<PathChange[]>;
  /** A tar of its whole file system, without what is mounted. Its signal ends the content as well, with an error. not_found when gone. */
  export?(run: RunRef, options: CallOptions): Promise<AsyncIterable<Uint8Array>>;
  /** An image of its file system, with no mark of ours in its configuration. Each call makes another. not_found when gone. */
  commit?(run: RunRef, input: CommitInput, options: CallOptions): Promise<ImageDetails>;
  /** New limits, running or not. Repeatable. invalid when they can never be met, conflict when not now; not_found when gone. */
  update?(run: RunRef, resources: Resources, options: CallOptions): Promise<void>;
  /** not_found when gone. */
  sizes?(run: RunRef, options: CallOptions): Promise<ContainerSizes>;

  /**
   * Where an absolute path of the provider's host leads, every symbolic link resolved; null when nothing is there. Present where
   * mounts of type bind can be made.
   */
  hostPath?(path: string, options: CallOptions): Promise<string | null>;
  /** Hints until aborted; reconnects by itself. */
  watch?(options: WatchOptions): AsyncIterable<Hint>;
  events?: EventPort;

  images: ImagePort;
  networks: {
    /** Repeatable by key. limit when the provider has no room for another, or other networks have its addresses. */
    ensure(network: NetworkRef, options: CallOptions): Promise<void>;
    /** Repeatable: absent = done. conflict while containers are attached. */
    remove(network: NetworkRef, options: CallOptions): Promise<void>;
    /**
     * Attaches a run, running or not, under these names. Repeatable: attached already = done, with whatever names it has.
     * not_found when the run or the network is gone. Has `disconnect` beside it.
     */
    connect?(run: RunRef, endpoint: EndpointInput, options: CallOptions): Promise<void>;
    /** Detaches a run, running or not. Repeatable: not attached, or gone = done. */
    disconnect?(run: RunRef, network: { key: string }, options: CallOptions): Promise<void>;
  };
  volumes: {
    ensure(volume: VolumeRef, options: CallOptions): Promise<void>;
    /** Repeatable: absent = done. conflict while mounted. */
    remove(volume: VolumeRef, options: CallOptions): Promise<void>;
    /** Bytes used by each of these volumes, where known. */
    sizes(volumes: VolumeRef[], options: CallOptions): Promise<Map<string, number>>;
  };
}
