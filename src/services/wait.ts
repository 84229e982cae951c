/** Long polls for a container's state: woken by this process, and looking for itself, as others change it too. */
import type { Ctx, Deps } from '../context.ts';
import { findContainerById } from '../db/containers.ts';
import { type Container, type ContainerStatus, statusOf } from '../domain/container.ts';
import { containerTopic } from '../domain/wakeups.ts';
import { getContainer } from './containers.ts';

export const waitConditions = ['running', 'exited', 'removed'] as const;
export type WaitCondition = (typeof waitConditions)[number];

/** Docker's: `not-running` is met by what never ran; `next-exit` only by an exit that comes after the question. */
export const exitConditions = ['not-running', 'next-exit', 'removed'] as const;
export type ExitCondition = (typeof exitConditions)[number];

const FIRST_POLL_MS = 50;
const LONGEST_POLL_MS = 500;

/** The statuses that meet each condition: what will never run again by itself counts as exited. */
const meets: Record<WaitCondition, readonly ContainerStatus[]> = {
  running: ['running'],
  exited: ['exited', 'failed', 'lost', 'removed'],
  removed: ['removed'],
};

/**
 * Until the condition is met, the time is over, or the signal aborts. Throws not_found for what was removed before; a
 * container that is removed meanwhile is still answered, as it was last seen.
 */
export async function waitForContainer(
  deps: Deps,
  ctx: Ctx,
  reference: string,
  input: { condition: WaitCondition; timeoutSeconds: number },
  signal: AbortSignal,
): Promise<{ container: Container; met: boolean }> {
  const endsAt = deps.clock.now() + input.timeoutSeconds * 1000;
  const isMet = (container: Container) => meets[input.condition].includes(statusOf(container));
  const seen = await watched(deps, await getContainer(deps, ctx, reference), isMet, signal, endsAt);
  return { container: seen.container, met: seen.gone ? input.condition !== 'running' : seen.met };
}

/** Looks until it is met, the time is over, the signal aborts, or nothing is left to look at: then as it was last seen. */
async function watched(
  deps: Deps,
  first: Container,
  isMet: (container: Container) => boolean,
  signal: AbortSignal,
  endsAt = Number.POSITIVE_INFINITY,
): Promise<{ container: Container; met: boolean; gone: boolean }> {
  let container = first;
  for (let pollMs = FIRST_POLL_MS; ; pollMs = Math.min(pollMs * 2, LONGEST_POLL_MS)) {
    if (isMet(container)) return { container, met: true, gone: false };
    const leftMs = endsAt - deps.clock.now();
    if (leftMs <= 0 || signal.aborted) return { container, met: false, gone: false };
    await deps.wakeups.wait(containerTopic(container.id), Math.min(pollMs, leftMs), signal);
    const found = await findContainerById(deps.db, container.tenantId, container.id);
    if (!found) return { container, met: false, gone: true };
    container = found;
  }
}

/** The container with a run that came after the one it had, made at the provider. Null when the signal aborted first, or there will be none. */
export async function waitForNextRun(deps: Deps, since: Container, signal: AbortSignal): Promise<Container | null> {
  const isMet = ({ run }: Container) => run.providerKey !== since.run.providerKey && run.handle !== null;
  const { container, met } = await watched(deps, since, isMet, signal);
  return met ? container : null;
}

export interface ExitResult {
  exitCode: number;
  /** Why it could not be started; null when it ran. */
  error: string | null;
}

/** Without a bound in time. Null when the signal aborted first. @param since the container as it was when the question came */
export async function waitForExit(
  deps: Deps,
  since: Container,
  condition: ExitCondition,
  signal: AbortSignal,
): Promise<ExitResult | null> {
  const isMet = (container: Container) => hasEnded(container, since, condition);
  const { container, met, gone } = await watched(deps, since, isMet, signal);
  return met || gone ? exitOf(container) : null;
}

const asleep: readonly ContainerStatus[] = ['created', 'exited', 'failed', 'lost', 'removed'];

function hasEnded(container: Container, since: Container, condition: ExitCondition): boolean {
  if (container.removedAt !== null) return true;
  if (condition === 'removed') return false;
  if (condition === 'not-running') return asleep.includes(statusOf(container));
  const { run } = container;
  if (run.phase === 'failed' || run.phase === 'lost') return run.startedSeq > since.run.startedSeq;
  return run.phase === 'exited' && run.finishedAt?.getTime() !== since.run.finishedAt?.getTime();
}

function exitOf({ run }: Container): ExitResult {
  const error = run.phase === 'failed' ? (run.failure?.message ?? 'It could not be started') : null;
  return { exitCode: run.exitCode ?? (error === null ? 0 : 128), error };
}
