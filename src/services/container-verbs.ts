/** start, stop, restart, kill, pause, unpause, rename, remove: rules on a snapshot, intent by compare-and-set, then inline work. */
import type { Ctx, Deps } from '../context.ts';
import { acceptVerb } from '../db/accept.ts';
import { type Container, type ContainerAction, can, type Intent, statusOf } from '../domain/container.ts';
import { AppError } from '../domain/errors.ts';
import type { NewEvent } from '../domain/event.ts';
import { lacking } from '../domain/features.ts';
import type { OperationKind } from '../domain/operation.ts';
import { actorOf } from '../domain/principal.ts';
import { LeaseWish } from '../reconcile/lease.ts';
import { scheduled } from '../reconcile/schedule.ts';
import { authorize } from './authorize.ts';
import { getContainer } from './containers.ts';
import { settle } from './settle.ts';

export interface VerbResult {
  container: Container;
  /** False when the container was as asked already. */
  changed: boolean;
  converged: boolean;
  operationId: string | null;
}

type Verb = Extract<ContainerAction, OperationKind>;
type IntentVerb = Exclude<Verb, 'connect' | 'disconnect'>;

/** How long a request waits for its container, beside the grace of a stop. */
export const ACTION_SECONDS = 15;
/** Signals that are meant to end a process; after them a restart policy keeps still, as with the Docker daemon. */
const ending = new Set(['KILL', 'TERM', 'INT', 'QUIT', '9', '15', '2', '3']);

export const startContainer = (deps: Deps, ctx: Ctx, reference: string) =>
  perform(deps, ctx, reference, 'start', (container) => ({
    desired: 'running',
    startSeq: container.startSeq + 1,
    restartSuppressed: false,
  }));

export const stopContainer = (
  deps: Deps,
  ctx: Ctx,
  reference: string,
  input: { signal?: string | undefined; graceSeconds?: number | undefined },
) =>
  perform(deps, ctx, reference, 'stop', (container) => ({
    desired: 'stopped',
    stopSignal: input.signal ?? null,
    stopGraceSeconds: input.graceSeconds ?? container.spec.stop.graceSeconds,
  }));

export const restartContainer = (
  deps: Deps,
  ctx: Ctx,
  reference: string,
  input: { signal?: string | undefined; graceSeconds?: number | undefined },
) =>
  perform(deps, ctx, reference, 'restart', (container) => ({
    desired: 'running',
    startSeq: container.startSeq + 1,
    stopSeq: container.startSeq + 1,
    stopSignal: input.signal ?? null,
    stopGraceSeconds: input.graceSeconds ?? container.spec.stop.graceSeconds,
    restartSuppressed: false,
  }));

/**
 * SIGKILL is a stop without grace; any other signal is delivered and the container left to decide. What is just being started
 * gets its signal, KILL as well, as soon as it runs: its output may be seen before its start was recorded.
 */
export const killContainer = (deps: Deps, ctx: Ctx, reference: string, signal: string) =>
  perform(deps, ctx, reference, 'kill', (container) =>
    (signal === 'KILL' || signal === '9') && statusOf(container) !== 'starting'
      ? { desired: 'stopped', stopSignal: 'KILL', stopGraceSeconds: 0 }
      : {
          pendingSignal: signal,
          restartSuppressed: container.restartSuppressed || ending.has(signal) || signal === container.spec.stop.signal,
        },
  );

export const pauseContainer = (deps: Deps, ctx: Ctx, reference: string) => {
  if (!deps.provider.pause) throw lacking(deps.provider.name, 'pause');
  return perform(deps, ctx, reference, 'pause', () => ({ desired: 'paused' }));
};

export const unpauseContainer = (deps: Deps, ctx: Ctx, reference: string) =>
  perform(deps, ctx, reference, 'unpause', () => ({ desired: 'running' }));

/** Throws conflict when the name is taken. */
export const renameContainer = (deps: Deps, ctx: Ctx, reference: string, name: string) =>
  perform(deps, ctx, reference, 'rename', () => ({ name }));

/** @param input.force removes it in any state; @param input.volumes its anonymous volumes as well. Throws conflict naming the state. */
export const removeContainer = (deps: Deps, ctx: Ctx, reference: string, input: { force: boolean; volumes: boolean }) =>
  perform(deps, ctx, reference, 'remove', () => ({ desired: 'removed', removeVolumes: input.volumes }), input.force);

/** Rules on a snapshot, intent by compare-and-set, then inline work: every verb is this and a change of intent. */
export async function perform(
  deps: Deps,
  ctx: Ctx,
  reference: string,
  kind: IntentVerb,
  change: (container: Container) => Partial<Intent>,
  force = false,
): Promise<VerbResult> {
  authorize(ctx.principal, 'write');
  using _place = deps.places.verbs.take(ctx.principal.tenantId);
  for (let attempt = 0; attempt < 10; attempt++) {
    const known = attempt === 0 ? deps.snapshots.take(ctx.principal.tenantId, reference) : null;
    const container = known?.container ?? (await getContainer(deps, ctx, reference));
    const verdict = force ? 'yes' : can(kind, statusOf(container));
    // What has no effect is never said of the past.
    if (known && verdict !== 'yes') continue;
    if (verdict === 'no') throw refusal(kind, container);
    if (verdict === 'satisfied') return { container, changed: false, converged: true, operationId: null };
    const operationId = deps.ids.uuid();
    const intent = { ...container, ...change(container) };
    const { accepted, wish } = await scheduled(deps, async () => {
      const wish = new LeaseWish(deps, operationId);
      const accepted = await acceptVerb(deps.db, {
        ...intent,
        kind,
        fence: known?.fence ?? null,
        facts: factsOf(kind, container, intent),
        operationId,
        actor: actorOf(ctx.principal),
        claim: ctx.claim,
        wish,
      });
      return { accepted, wish };
    });
    if (!accepted) continue;
    const lease = wish.granted(accepted.claimed);
    const stops = kind === 'stop' || kind === 'restart';
    const budget = ACTION_SECONDS + (stops ? Math.min(accepted.container.stopGraceSeconds, 60) : 0);
    return { ...(await settle(deps, accepted.container, operationId, budget, lease)), changed: true, operationId };
  }
  throw new AppError('conflict', 'The container is being changed by others; try again', {
    details: { retryAfterSeconds: 1 },
  });
}

/** For those who read the event without the container. */
function factsOf(kind: IntentVerb, before: Container, intent: Intent): NewEvent['data'] {
  switch (kind) {
    case 'kill':
      return { signal: intent.pendingSignal ?? intent.stopSignal };
    case 'stop':
    case 'restart':
      return { signal: intent.stopSignal, wasUp: before.run.phase === 'running' || before.run.phase === 'paused' };
    case 'rename':
      return { oldName: before.name };
    default:
      return {};
  }
}

/** Of a verb that the state forbids. */
export function refusal(kind: Verb, container: Container): AppError {
  const state = statusOf(container);
  const hint =
    kind === 'remove'
      ? '; stop it first or use force'
      : state === 'paused' && kind === 'start'
        ? '; unpause it instead'
        : '';
  return new AppError('conflict', `Cannot ${kind} container ${container.name}: it is ${state}${hint}`, {
    details: { state },
  });
}
