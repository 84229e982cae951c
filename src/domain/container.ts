/**
 * A container is durable (id, name, spec, intent); a run is one incarnation of it at a provider. Pure.
 *
 *   create            start              stop | exits              start
 *  ────────▶ created ───────▶ starting ─▶ running ─▶ stopping ─▶ exited ──▶ starting …
 *               │                           │  ▲                   │
 *               │                     pause ▼  │ unpause           │ restart policy: restarting
 *               │                          paused                  │
 *               └──────────────── remove ──▶ removing ─▶ removed ◀─┘      failed · lost: need a start or a remove
 *
 * Desired is written by services only, everything of a run by reconcile only; status() is the one place that joins them.
 */
import type { ContainerSpec, Resources } from './container-spec.ts';
import type { ErrorCode } from './errors.ts';
import type { Attachment, Endpoint } from './network.ts';

export const desiredStates = ['created', 'running', 'paused', 'stopped', 'removed'] as const;
export type Desired = (typeof desiredStates)[number];

/** `pending`: nothing asked of the provider yet. `gone`: destroyed by us. `lost`: vanished on its own. */
export const phases = ['pending', 'created', 'running', 'paused', 'exited', 'failed', 'lost', 'gone'] as const;
export type Phase = (typeof phases)[number];

export const containerStatuses = [
  'created',
  'starting',
  'running',
  'paused',
  'restarting',
  'stopping',
  'exited',
  'removing',
  'removed',
  'failed',
  'lost',
] as const;
export type ContainerStatus = (typeof containerStatuses)[number];

export type Health = 'none' | 'starting' | 'healthy' | 'unhealthy';

export interface Failure {
  code: ErrorCode;
  message: string;
}

export interface PublishedPort {
  containerPort: number;
  hostPort: number;
  hostAddress: string;
  protocol: 'tcp' | 'udp';
}

/** One incarnation. Times are the provider's, except stopRequestedAt and absentSince (database time). */
export interface Run {
  incarnation: number;
  /** The container's name that the provider was last told, for DNS. */
  name: string;
  provider: string;
  /** The name under which the provider knows it, fixed before the first call: the provider's idempotency key. */
  providerKey: string;
  /** Opaque to all but its provider; null until a create was answered. */
  handle: string | null;
  phase: Phase;
  /** The container's startSeq and stopSeq that this run has satisfied. */
  startedSeq: number;
  stoppedSeq: number;
  exitCode: number | null;
  oomKilled: boolean;
  failure: Failure | null;
  health: Health;
  address: string | null;
  /** By the networks' keys at the provider; null where that does not tell. */
  networks: Record<string, Endpoint> | null;
  ports: PublishedPort[];
  /** The limits it was last seen with, or its size where the provider rounds them; null where that does not tell. */
  resources: Resources | null;
  startedAt: Date | null;
  finishedAt: Date | null;
  /** Orders observations; never decreases. */
  observedVersion: number;
  observedAt: Date | null;
  absentSince: Date | null;
  stopRequestedAt: Date | null;
  restartCount: number;
  /** Restarts by policy since the last start that a tenant asked for, or since it stayed up long enough. */
  restartStreak: number;
  /** When its restart policy will start it again; null unless it is between two runs. */
  restartAt: Date | null;
}

/** What its tenant wants of it: written by services only. */
export interface Intent {
  name: string;
  /** Of which only limits and restart policy ever change. */
  spec: ContainerSpec;
  desired: Desired;
  /** How many starts were asked for; and up to which of them a stop must come first (restart). */
  startSeq: number;
  stopSeq: number;
  stopSignal: string | null;
  stopGraceSeconds: number;
  /** Delivered at least once, then cleared. */
  pendingSignal: string | null;
  /** Set when a tenant killed it: its restart policy then waits for the next start. */
  restartSuppressed: boolean;
  /** Its anonymous volumes go with it. */
  removeVolumes: boolean;
}

export interface Container extends Intent {
  tenantId: string;
  id: string;
  imageId: string;
  /** The networks it shall be on now, the one it is made in first. */
  attachments: Attachment[];
  /** +1 with every accepted change of intent. */
  generation: number;
  /** The newest generation that was seen settled. */
  observedGeneration: number;
  nextRunAt: Date | null;
  attempts: number;
  lastError: Failure | null;
  createdAt: Date;
  removedAt: Date | null;
  run: Run;
}

/** The part that a tenant is shown: all that a status and a view are made of, and half of the columns to read. */
export interface ShownContainer
  extends Pick<
    Container,
    | ('id' | 'name' | 'spec' | 'imageId' | 'attachments' | 'desired' | 'startSeq' | 'generation')
    | ('observedGeneration' | 'lastError' | 'createdAt' | 'removedAt')
  > {
  run: Pick<
    Run,
    | ('phase' | 'startedSeq' | 'exitCode' | 'oomKilled' | 'failure' | 'health' | 'address' | 'networks')
    | ('ports' | 'resources' | 'startedAt' | 'finishedAt' | 'restartCount' | 'restartAt')
  >;
}

/** The finite facts that status() looks at; SQL filters by status are derived by enumerating them (db/status-filter.ts). */
export interface StatusFacts {
  desired: Desired;
  phase: Phase;
  /** A start was asked for that the run has not satisfied. */
  startDue: boolean;
  removed: boolean;
  /** Its restart policy will start it again. */
  restarting: boolean;
}

function statusFacts(container: ShownContainer): StatusFacts {
  return {
    desired: container.desired,
    phase: container.run.phase,
    startDue: container.run.startedSeq < container.startSeq,
    removed: container.removedAt !== null,
    restarting: container.run.restartAt !== null,
  };
}

export function status(facts: StatusFacts): ContainerStatus {
  if (facts.removed) return 'removed';
  if (facts.desired === 'removed' || facts.phase === 'gone') return 'removing';
  const wantsUp = facts.desired === 'running' || facts.desired === 'paused';
  switch (facts.phase) {
    case 'pending':
    case 'created':
      return wantsUp ? 'starting' : 'created';
    case 'running':
      if (facts.desired === 'stopped' || facts.desired === 'created') return 'stopping';
      return 'running';
    case 'paused':
      return facts.desired === 'stopped' ? 'stopping' : 'paused';
    case 'exited':
      if (!wantsUp) return 'exited';
      if (facts.startDue) return 'starting';
      return facts.restarting ? 'restarting' : 'exited';
    case 'failed':
      return wantsUp && facts.startDue ? 'starting' : 'failed';
    case 'lost':
      return wantsUp && facts.startDue ? 'starting' : 'lost';
  }
}

export const statusOf = (container: ShownContainer): ContainerStatus => status(statusFacts(container));

type Verdict = 'yes' | 'satisfied' | 'no';
const no = 'no' as const;
const yes = 'yes' as const;
const satisfied = 'satisfied' as const;

/** Where there are files to be had. */
const made: readonly Verdict[] = [yes, yes, yes, yes, yes, yes, yes, no, no, yes, no];

/**
 * The table behind every 409 and behind the console's buttons. `satisfied` answers 200 with `changed: false`.
 * Columns: created, starting, running, paused, restarting, stopping, exited, removing, removed, failed, lost.
 */
const table = {
  start: [yes, satisfied, satisfied, no, yes, yes, yes, no, no, yes, yes],
  stop: [satisfied, yes, yes, yes, yes, yes, satisfied, no, no, satisfied, satisfied],
  restart: [yes, yes, yes, yes, yes, yes, yes, no, no, yes, yes],
  kill: [no, yes, yes, yes, no, yes, no, no, no, no, no],
  pause: [no, no, yes, satisfied, no, no, no, no, no, no, no],
  unpause: [no, no, satisfied, yes, no, no, no, no, no, no, no],
  rename: [yes, yes, yes, yes, yes, yes, yes, no, no, yes, yes],
  connect: [yes, yes, yes, yes, yes, yes, yes, no, no, yes, yes],
  disconnect: [yes, yes, yes, yes, yes, yes, yes, no, no, yes, yes],
  remove: [yes, no, no, no, no, no, yes, satisfied, no, yes, yes],
  exec: [no, no, yes, no, no, yes, no, no, no, no, no],
  stats: [no, no, yes, yes, no, yes, no, no, no, no, no],
  top: [no, no, yes, yes, no, yes, no, no, no, no, no],
  archive: made,
  changes: made,
  export: made,
  commit: made,
  update: [yes, yes, yes, yes, yes, yes, yes, no, no, yes, yes],
} satisfies Record<string, readonly Verdict[]>;

export type ContainerAction = keyof typeof table;
export const actions = Object.keys(table) as ContainerAction[];

/** Whether a verb may be accepted in a status. `remove` without force; with force every status but removed allows it. */
export function can(action: ContainerAction, current: ContainerStatus): Verdict {
  return table[action][containerStatuses.indexOf(current)] ?? 'no';
}

/** What a restart policy says after an exit nobody asked for. */
export function restartsAfterExit(container: Container): boolean {
  if (container.restartSuppressed) return false;
  const { policy, maxRetries } = container.spec.restart;
  if (policy === 'always' || policy === 'unless-stopped') return true;
  if (policy === 'no' || container.run.exitCode === 0) return false;
  return maxRetries === 0 || container.run.restartStreak < maxRetries;
}
