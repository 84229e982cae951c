/**
 * reconcileContainer: claim, then observe, plan and act until intent and reality agree, then record and release. The one
 * path for requests, hints and the sweeper. No transaction is open while the provider works; every write is fenced.
 *
 * A create or start is not recorded by itself: its key was fixed with the intent, so the next observation finds it again
 * after a crash. What no observation could tell (a stop seen for a restart, a counted restart) is recorded before acting.
 */
import type { Deps } from '../context.ts';
import type { Container, Failure, Run } from '../domain/container.ts';
import { AppError } from '../domain/errors.ts';
import type { ReconcileResult } from '../domain/metrics.ts';
import { systemActor } from '../domain/principal.ts';
import { type Attention, containerTopic, type News } from '../domain/wakeups.ts';
import { act, countRestart, type ProviderAction } from './act.ts';
import { judge } from './judge.ts';
import { type Lease, takeLease } from './lease.ts';
import { foldObservation } from './observe.ts';
import { needsNoLook, plan } from './plan.ts';
import { callOptions } from './provider-call.ts';

const MAX_CALLS = 30;
/** So often hints that came during the last look make it look again; further ones get a turn of their own. */
const MAX_LOOKS = 5;
const BACKOFF_CAP_SECONDS = 60;
/** Between KILL and the next: a provider may show what was killed as running for seconds. */
const MAX_KILL_PAUSE_MS = 2_000;

export interface Outcome {
  container: Container;
  /** The generation that was settled; null when there is more to do later. */
  settledGeneration: number | null;
  /** Why intent cannot be met, or could not be met yet. */
  failure: AppError | null;
}

/** Null when another worker holds it, the lease was lost, or it is gone. @param budgetSeconds how long to stay while it changes */
export async function reconcileContainer(
  deps: Deps,
  at: { tenantId: string; id: string },
  budgetSeconds: number,
): Promise<Outcome | null> {
  const held = await takeLease(deps, at);
  return held && work(deps, held, budgetSeconds);
}

/** Goes on from a lease; see reconcileContainer. */
export async function work(deps: Deps, held: Lease, budgetSeconds: number): Promise<Outcome | null> {
  const end = deps.metrics.reconcile();
  using attention = deps.wakeups.attend(containerTopic(held.container.id));
  let result: ReconcileResult = 'error';
  try {
    const outcome = await workUnderLease(deps, held, attention, budgetSeconds);
    result = resultOf(outcome);
    return outcome;
  } finally {
    end(result);
  }
}

function resultOf(outcome: Outcome | null): ReconcileResult {
  if (!outcome) return 'lost';
  if (outcome.settledGeneration !== null) return outcome.failure ? 'failed' : 'settled';
  return outcome.failure ? 'retry' : 'pending';
}

async function workUnderLease(
  deps: Deps,
  lease: Lease,
  attention: Attention,
  budgetSeconds: number,
): Promise<Outcome | null> {
  const endsAt = deps.clock.now() + budgetSeconds * 1000;
  let run = lease.container.run;
  let pollMs = 10;
  let looks = 0;
  let refusals = 0;
  let killPauseMs = 10;
  let isCertain = needsNoLook(lease.container, plan(lease.container, deps.provider.features, lease.now()));
  let isStarting = false;
  let startedHere = false;
  const options = () => callOptions(() => lease.isHeld);
  /** Why the run does not get the limits that it shall have, or a signal. */
  let refused: Failure | null = null;

  for (let calls = 0; calls < MAX_CALLS; ) {
    if (lease.isDue && !(await lease.write(run))) return null;
    const container = () => ({ ...lease.container, run });

    // What was never asked for cannot be there, and a create adopts what an earlier one left.
    const isUnasked = run.phase === 'pending' && container().desired !== 'removed';
    if (!isUnasked && !isCertain) {
      // The answer is as old as the question, however late it comes.
      const askedAt = lease.now();
      attention.look();
      const seen = await lease.attempt(() => deps.provider.observe(refOf(run), options()));
      if ('failure' in seen) return retryLater(deps, lease, run, seen.failure);
      const folded = foldObservation(container(), seen.value, deps.provider.features, askedAt);
      if (!folded) return release(lease, run, { afterSeconds: 1 });
      run = folded;
      attention.know(shownBy(run, startedHere));
      isStarting = seen.value.kind === 'present' && seen.value.starting === true;
    }

    const look = { limitsRefused: refused !== null, isStarting };
    const action = plan(container(), deps.provider.features, lease.now(), look);
    const isOver = action.kind === 'settled' || action.kind === 'backoff';
    isCertain = false;
    if (isOver && attention.isAsked && looks++ < MAX_LOOKS) continue;
    switch (action.kind) {
      case 'settled':
        return settle(lease, run, action.afterSeconds, action.failure ?? refused);
      case 'backoff':
        return settle(
          lease,
          { ...run, restartAt: new Date(lease.now().getTime() + action.seconds * 1000) },
          action.seconds,
          refused,
        );
      case 'bury': {
        const buried = await bury(deps, lease, run);
        if (buried) return buried;
        // Somebody else holds it, or intent came meanwhile and is looked at first.
        calls++;
        if (!(await lease.write(run))) return null;
        continue;
      }
      case 'wait': {
        const leftMs = endsAt - deps.clock.now();
        if (leftMs <= 0) return release(lease, run, { afterSeconds: Math.min(Math.max(action.seconds, 0.05), 1) });
        await deps.wakeups.wait(
          containerTopic(lease.container.id),
          Math.max(1, Math.min(pollMs, action.seconds * 1000, leftMs)),
        );
        pollMs = Math.min(pollMs * 2, 250);
        continue;
      }
    }
    if (action.kind === 'start' && action.byPolicy) run = countRestart(run);
    if (mustBeKnownBefore(action, lease.container.run, run) && !(await lease.write(run))) return null;

    calls++;
    // What was seen may have taken longer to arrive than the lease lasts: then somebody else has acted since.
    if (lease.isDue && !(await lease.write(run))) return null;
    const done = await lease.attempt(() => act(deps, container(), action, lease.now(), options()));
    const verdict = 'failure' in done ? judge(action, done.failure, ++refusals) : null;
    if (action.kind === 'kill' && (verdict === null || verdict === 'look again')) {
      if (deps.clock.now() >= endsAt) return release(lease, run, { afterSeconds: 1 });
      await deps.wakeups.wait(containerTopic(lease.container.id), killPauseMs);
      killPauseMs = Math.min(killPauseMs * 2, MAX_KILL_PAUSE_MS);
    }
    if ('failure' in done) {
      if (verdict === 'look again') continue;
      if (verdict === 'go on without') {
        refused = { code: done.failure.code, message: done.failure.message };
        if (action.kind === 'signal' && !(await lease.write(run, { signalDelivered: true }))) return null;
        continue;
      }
      if (verdict === 'give up') return giveUp(lease, run, done.failure);
      return retryLater(deps, lease, run, done.failure);
    }
    run = done.value.run;
    isCertain = done.value.isCertain;
    startedHere ||= action.kind === 'start';
    const told = action.kind === 'signal' || action.kind === 'renew' || action.kind === 'stop';
    if (told && !(await lease.write(run, { signalDelivered: action.kind === 'signal' }))) return null;
  }
  return retryLater(deps, lease, run, new AppError('unavailable', 'The container keeps changing'));
}

/** What this look tells at least as well as who heard it. That a start is heard of late says nothing of one that was made here. */
function shownBy({ phase }: Run, startedHere: boolean): News[] {
  if (phase === 'running') return ['started'];
  return phase === 'exited' ? ['ended', ...(startedHere ? (['started'] as const) : [])] : [];
}

const refOf = (run: Run) => ({ key: run.providerKey, handle: run.handle });

function mustBeKnownBefore(action: ProviderAction, known: Run, run: Run): boolean {
  return action.kind === 'start' && (run.stoppedSeq !== known.stoppedSeq || run.restartCount !== known.restartCount);
}

const settle = (lease: Lease, run: Run, afterSeconds: number | null, failure: Failure | null) =>
  release(lease, run, { afterSeconds, settled: true, failure });

async function release(
  lease: Lease,
  run: Run,
  how: { afterSeconds: number | null; settled?: boolean; failure?: Failure | null },
): Promise<Outcome | null> {
  const { generation } = lease.container;
  const settled = how.settled ?? false;
  const failure = how.failure ?? null;
  const written = await lease.write(run, {
    signalDelivered: settled,
    lastError: failure,
    release: { afterSeconds: how.afterSeconds, settled, failure },
  });
  if (!written) return null;
  return {
    container: lease.container,
    settledGeneration: settled ? generation : null,
    failure: failure && asError(failure),
  };
}

async function bury(deps: Deps, lease: Lease, run: Run): Promise<Outcome | null> {
  const { generation } = lease.container;
  const written = await lease.write(
    { ...run, phase: 'gone' },
    {
      removed: true,
      events: [
        {
          type: 'removed',
          cause: lease.container.desired === 'removed' ? 'request' : 'auto-remove',
          actor: systemActor,
          data: {},
        },
      ],
      release: { afterSeconds: null, settled: true, failure: null },
    },
  );
  if (!written) return null;
  await removeVolumes(deps, lease.container.tenantId, lease.droppedVolumes);
  return { container: lease.container, settledGeneration: generation, failure: null };
}

/** Their rows are gone: what is left at the provider after a failure or a crash is swept. */
async function removeVolumes({ provider, log }: Deps, tenantId: string, keys: string[]): Promise<void> {
  for (const key of keys) {
    try {
      await provider.volumes.remove({ key, tenantId }, callOptions());
    } catch (error) {
      log.warn({ err: error, volume: key }, 'a removed volume is left to the sweeper');
    }
  }
}

async function retryLater(deps: Deps, lease: Lease, run: Run, failure: AppError): Promise<Outcome | null> {
  const attempts = lease.container.attempts + 1;
  deps.log.warn({ err: failure, container: lease.container.id, attempts }, 'a provider call failed');
  const afterSeconds =
    Math.min(BACKOFF_CAP_SECONDS, 0.5 * 2 ** Math.min(attempts - 1, 10)) * (0.5 + deps.ids.fraction());
  const written = await lease.write(run, {
    attempts,
    lastError: { code: failure.code, message: failure.message },
    release: { afterSeconds, settled: false, failure: null },
  });
  return written ? { container: lease.container, settledGeneration: null, failure } : null;
}

async function giveUp(lease: Lease, run: Run, failure: AppError): Promise<Outcome | null> {
  const { container } = lease;
  const reason = { code: failure.code, message: failure.message };
  const exitCode = typeof failure.details.exitCode === 'number' ? failure.details.exitCode : run.exitCode;
  const failed: Run = { ...run, phase: 'failed', failure: reason, exitCode, startedSeq: container.startSeq };
  const outcome = await settle(lease, failed, container.spec.autoRemove ? 0 : null, reason);
  return outcome && { ...outcome, failure };
}

const asError = (failure: Failure): AppError => new AppError(failure.code, failure.message);
