/**
 * What to do next: pure, level-triggered. Looks at intent (container), the folded observation (its run) and the database's
 * time; answers one step. Every arm must be safe to take twice, because a crash may hide that it was taken.
 */
import { type Container, type Failure, type Run, restartsAfterExit } from '../domain/container.ts';
import type { Resources } from '../domain/container-spec.ts';
import type { Attachment } from '../domain/network.ts';
import type { Features } from '../providers/provider.ts';

export type Action =
  | { kind: 'create' }
  /** The last incarnation is over: what is left of it goes, and the next create gets a new one. */
  | { kind: 'renew'; byPolicy: boolean }
  | { kind: 'start'; byPolicy: boolean }
  | { kind: 'stop'; signal: string | null; graceSeconds: number }
  | { kind: 'kill'; signal: string }
  /** A signal a tenant asked for, which need not end anything. */
  | { kind: 'signal'; signal: string }
  | { kind: 'pause' }
  | { kind: 'unpause' }
  /** Its name changed; DNS shall follow. */
  | { kind: 'rename' }
  /** Its limits are not those that it shall have. */
  | { kind: 'update' }
  /** It belongs on a network that it is not on. */
  | { kind: 'connect'; network: Attachment }
  /** It is on a network it does not belong on, or not under the names it should have there. */
  | { kind: 'disconnect'; key: string }
  | { kind: 'destroy' }
  /** Confirmed gone: write the tombstone. */
  | { kind: 'bury' }
  /** Not there yet; look again. */
  | { kind: 'wait'; seconds: number }
  /** It ended and its restart policy will start it again. */
  | { kind: 'backoff'; seconds: number }
  /** Intent and reality agree, or never will (failure). */
  | { kind: 'settled'; afterSeconds: number | null; failure: Failure | null };

/** How often a settled but live container is looked at, should a hint be lost. */
export const LIVE_CHECK_SECONDS = 300;
/** Not every provider tells when it becomes healthy. */
const HEALTH_CHECK_SECONDS = 10;
const STARTING_CHECK_SECONDS = 1;
const RESTART_CAP_SECONDS = 60;
/** A run this long forgets its earlier restarts. */
export const STABLE_SECONDS = 60;

/** What is known of this look and is no part of the run. */
export interface Look {
  /** The provider said no to these limits: what else there is to do is done without. */
  limitsRefused?: boolean;
  /** It was told to start and is about to run. */
  isStarting?: boolean;
}

/**
 * Networks and limits come before a start, and last of all otherwise: whatever is wrong with one keeps nothing from being
 * stopped or removed.
 */
export function plan(
  container: Container,
  features: Features,
  now: Date,
  { limitsRefused = false, isStarting = false }: Look = {},
): Action {
  const next = planLife(container, features, now, isStarting);
  const mayWait = next.kind === 'start' || next.kind === 'settled' || next.kind === 'backoff';
  if (!mayWait || !isThere(container.run)) return next;
  return planNetworks(container) ?? (limitsRefused ? null : planLimits(container, features)) ?? next;
}

/**
 * What is at rest, with nothing open but the newest intent, is started or destroyed as it was recorded. Both may be done
 * twice: when something else is there, the provider has nothing to do or refuses, and then it is looked at.
 */
export function needsNoLook(container: Container, next: Action): boolean {
  const { generation, observedGeneration, startSeq, stopSeq, run } = container;
  const isAtRest = run.absentSince === null && (run.phase === 'created' || run.phase === 'exited');
  // A start that was taken may be under way still, or may have come to nothing: only a look tells.
  const isAsked = next.kind === 'destroy' || (next.kind === 'start' && !next.byPolicy && run.startedSeq < startSeq);
  // That it stands still is to be seen once more for a restart.
  return isAtRest && isAsked && run.stoppedSeq >= stopSeq && observedGeneration === generation - 1;
}

const isThere = ({ handle, phase }: Run): boolean =>
  handle !== null && phase !== 'pending' && phase !== 'lost' && phase !== 'gone';

/** An ended run that never starts again keeps the limits it had. */
function planLimits({ run, spec }: Container, features: Features): Action | null {
  if (features.roundsLimits) return null;
  if (run.resources === null || (run.phase === 'exited' && !features.restartInPlace)) return null;
  return sameLimits(spec.resources, run.resources) ? null : { kind: 'update' };
}

/** Whether what has these limits is within the wanted ones; a millionth of a CPU is none. */
export function sameLimits(wanted: Resources, present: Resources): boolean {
  const near = (a: number | undefined, b: number | undefined) =>
    a === undefined || (b !== undefined && Math.abs(a - b) < 1e-6);
  const names = ['cpus', 'memoryMiB', 'memoryReservationMiB', 'pids', 'cpuShares'] as const;
  return names.every((name) => near(wanted[name], present[name]));
}

function planNetworks({ run, name, id, spec, attachments }: Container): Action | null {
  if (run.networks === null) return null;
  const wanted = new Map(attachments.map((attachment) => [attachment.key, attachment]));
  const own = [name, id.slice(0, 12), ...(spec.hostname ? [spec.hostname] : [])];
  for (const [key, endpoint] of Object.entries(run.networks)) {
    const attachment = wanted.get(key);
    if (!attachment || !sameNames(attachment.aliases, endpoint.aliases, own)) return { kind: 'disconnect', key };
  }
  const { networks } = run;
  const network = attachments.find(({ key }) => !(key in networks));
  return network ? { kind: 'connect', network } : null;
}

/** Its own names need no alias, and a provider may not tell them apart. */
function sameNames(wanted: string[], present: string[], own: string[]): boolean {
  const lacks = (some: string[], others: string[]) =>
    some.some((name) => !own.includes(name) && !others.includes(name));
  return !lacks(wanted, present) && !lacks(present, wanted);
}

function planLife(container: Container, features: Features, now: Date, isStarting: boolean): Action {
  const { desired, run } = container;
  const startDue = run.startedSeq < container.startSeq;
  const stopDue = run.stoppedSeq < container.stopSeq;

  if (run.absentSince !== null && run.phase !== 'lost' && run.phase !== 'gone' && desired !== 'removed') {
    return { kind: 'wait', seconds: secondsUntil(run.absentSince, features.absenceSeconds, now) };
  }
  if (desired === 'removed' || removesItself(container, startDue)) {
    return run.phase === 'gone' || isAbsent(run) ? { kind: 'bury' } : { kind: 'destroy' };
  }
  if (run.name !== container.name && run.handle !== null && run.phase !== 'lost' && run.phase !== 'gone')
    return { kind: 'rename' };
  switch (run.phase) {
    case 'pending':
      return { kind: 'create' };
    case 'gone':
      return { kind: 'bury' };
    case 'failed':
      if (!startDue || !wantsUp(container)) return settled(run.failure, container.spec.autoRemove ? 0 : null);
      return run.handle === null ? { kind: 'create' } : { kind: 'start', byPolicy: false };
    case 'lost':
      // It may have ended before it vanished: then only a start or its policy brings it back.
      if (!wantsUp(container)) return settled(null);
      if (run.exitCode === null || startDue) return { kind: 'renew', byPolicy: false };
      return restartsAfterExit(container) ? { kind: 'renew', byPolicy: true } : settled(null);
    case 'created':
      if (isStarting) return planStarting(container, now);
      if (!wantsUp(container)) return settled(null);
      return { kind: 'start', byPolicy: false };
    case 'running':
      return planRunning(container, stopDue, startDue, now);
    case 'paused':
      if (desired !== 'paused' || stopDue) return { kind: 'unpause' };
      return signalDue(container) ?? settled(null, LIVE_CHECK_SECONDS);
    case 'exited':
      return planExited(container, startDue, features, now);
  }
}

/** Providers that take long are not asked twice, and can be told to stop before it runs. */
function planStarting(container: Container, now: Date): Action {
  const isAsked = wantsUp(container) || container.run.stopRequestedAt !== null;
  return isAsked ? { kind: 'wait', seconds: STARTING_CHECK_SECONDS } : planStop(container, now);
}

function planRunning(container: Container, stopDue: boolean, startDue: boolean, now: Date): Action {
  const signal = signalDue(container);
  if (signal) return signal;
  if (!wantsUp(container) || (stopDue && startDue)) return planStop(container, now);
  if (container.desired === 'paused') return { kind: 'pause' };
  return settled(null, container.run.health === 'starting' ? HEALTH_CHECK_SECONDS : LIVE_CHECK_SECONDS);
}

function planStop({ run, spec, stopSignal, stopGraceSeconds: graceSeconds }: Container, now: Date): Action {
  if (run.stopRequestedAt === null) {
    return { kind: 'stop', signal: stopSignal ?? spec.stop.signal ?? null, graceSeconds };
  }
  const seconds = secondsUntil(run.stopRequestedAt, graceSeconds, now);
  return seconds <= 0 ? { kind: 'kill', signal: 'KILL' } : { kind: 'wait', seconds };
}

const signalDue = ({ pendingSignal }: Container): Action | null =>
  pendingSignal === null ? null : { kind: 'signal', signal: pendingSignal };

function planExited(container: Container, startDue: boolean, features: Features, now: Date): Action {
  const { run } = container;
  if (!wantsUp(container)) return settled(null);
  const again: Action = { kind: features.restartInPlace ? 'start' : 'renew', byPolicy: !startDue };
  if (startDue) return again;
  if (!restartsAfterExit(container)) return settled(null);
  const delay = Math.min(RESTART_CAP_SECONDS, 2 ** Math.min(run.restartStreak, 10)) / 2;
  const seconds = secondsUntil(run.finishedAt ?? now, delay, now);
  return seconds <= 0 ? again : { kind: 'backoff', seconds };
}

const wantsUp = (container: Container): boolean => container.desired === 'running' || container.desired === 'paused';

const isAbsent = (run: Run): boolean => run.phase === 'lost' || run.absentSince !== null;

/** `--rm`: once it has ended and neither a start nor its policy would bring it back. */
function removesItself(container: Container, startDue: boolean): boolean {
  if (!container.spec.autoRemove || startDue) return false;
  if (container.run.phase === 'gone') return true;
  // A failed start is reported (settled) before its container goes.
  if (container.run.phase === 'failed') return container.observedGeneration === container.generation;
  return container.run.phase === 'exited' && !(wantsUp(container) && restartsAfterExit(container));
}

function settled(failure: Failure | null, afterSeconds: number | null = null): Action {
  return { kind: 'settled', afterSeconds, failure };
}

function secondsUntil(since: Date, seconds: number, now: Date): number {
  return seconds - (now.getTime() - since.getTime()) / 1000;
}
