/** A container's own standard streams. */
import type { Ctx, Deps } from '../context.ts';
import { type Container, statusOf } from '../domain/container.ts';
import { AppError } from '../domain/errors.ts';
import { lacking } from '../domain/features.ts';
import type { AttachInput, Session } from '../providers/provider.ts';
import { attachToNextRun, awaitsNextRun, endingWithFailure } from './attach-next.ts';
import { authorize } from './authorize.ts';
import { tellOf } from './happenings.ts';
import { runOf } from './live-run.ts';
import { waitForExit } from './wait.ts';

export type AttachOptions = Omit<AttachInput, 'tty'>;

/** Ready before it resolves, also before the first start. Throws forbidden (input needs an admin key), unsupported, conflict. */
export async function attachContainer(
  deps: Deps,
  ctx: Ctx,
  container: Container,
  input: AttachOptions,
  signal: AbortSignal,
): Promise<Session> {
  authorize(ctx.principal, input.stdin ? 'write' : 'read');
  if (!deps.provider.attach) throw lacking(deps.provider.name, 'attach');
  const state = statusOf(container);
  if (state === 'paused') {
    throw new AppError('conflict', `Container ${container.name} is paused, unpause the container before attach`);
  }
  const asked = { ...input, tty: container.spec.tty };
  const opened = awaitsNextRun(deps, container, asked)
    ? attachToNextRun(deps, container, asked, signal)
    : await deps.provider.attach(runOf(container), asked, { signal });
  const session = endingWithFailure(deps, container, opened, signal);
  await orClose(session, tellOf(deps, ctx, container, 'attached'));
  return {
    ...session,
    /** Observed, and therefore known a little later than the end of its output. */
    get exit() {
      return waitForExit(deps, container, 'next-exit', signal).then((end) => end?.exitCode ?? null);
    },
  };
}

async function orClose(session: Pick<Session, 'close'>, work: Promise<void>): Promise<void> {
  try {
    await work;
  } catch (error) {
    session.close();
    throw error;
  }
}

/** Of its terminal. Throws conflict when it does not run. */
export async function resizeContainer(
  deps: Deps,
  ctx: Ctx,
  container: Container,
  { columns, rows }: { columns: number; rows: number },
): Promise<void> {
  authorize(ctx.principal, 'write');
  if (!deps.provider.resize) throw new AppError('unsupported', 'This provider cannot resize terminals');
  await deps.provider.resize(runOf(container), columns, rows, { signal: AbortSignal.timeout(RESIZE_MS) });
  await tellOf(deps, ctx, container, 'resized', { columns, rows });
}

const RESIZE_MS = 5_000;
