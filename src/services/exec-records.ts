/** Commands that are first described, then started, then asked about: Docker's way to run something in a container. */
import type { Ctx, Deps } from '../context.ts';
import { beginExec, endExec, findExec, insertExec } from '../db/execs.ts';
import { AppError, notFound } from '../domain/errors.ts';
import type { Exec, ExecSpec } from '../domain/exec.ts';
import { type Actor, actorOf } from '../domain/principal.ts';
import { eventsTopic } from '../domain/wakeups.ts';
import type { Session } from '../providers/provider.ts';
import { authorize } from './authorize.ts';
import { openExec } from './exec.ts';
import { liveContainer } from './live-run.ts';

type Output = { stream: 'stdout' | 'stderr'; data: Uint8Array };

interface ExecPlace {
  tenantId: string;
  id: string;
  actor: Actor;
}

/** Sessions that this process holds, for those who want to resize their terminal. */
export type LiveExecs = Map<string, Session>;

/** Throws forbidden, not_found, and conflict naming the state. */
export async function createExec(deps: Deps, ctx: Ctx, reference: string, spec: ExecSpec): Promise<string> {
  authorize(ctx.principal, 'write');
  const { tenantId, id: containerId } = await liveContainer(deps, ctx, reference, 'exec');
  const id = deps.ids.hex64();
  await insertExec(deps.db, { tenantId, id, containerId, spec, actor: actorOf(ctx.principal) });
  deps.wakeups.wake(eventsTopic(tenantId));
  return id;
}

/** Throws not_found alike for missing and for foreign ones. */
export async function getExec(deps: Deps, ctx: Ctx, id: string): Promise<Exec> {
  const exec = /^[0-9a-f]{64}$/.test(id) ? await findExec(deps.db, ctx.principal.tenantId, id) : null;
  if (!exec) throw notFound('exec instance', id);
  return exec;
}

/** Once only. How it ended is recorded when its output ends. Throws conflict when it was started before, and as openExec does. */
export async function startExec(
  deps: Deps,
  ctx: Ctx,
  exec: Exec,
  live: LiveExecs,
  signal: AbortSignal,
): Promise<Session> {
  const { id, containerId, spec } = exec;
  return beginning(deps, ctx, exec, async (at) => {
    const session = await openExec(deps, ctx, containerId, spec, signal);
    live.set(id, session);
    return { ...session, output: untilRecorded(session, recordEnd(deps, at, live, session)) };
  });
}

/** Once only. What does not begin has ended, with a code that nobody can tell. */
export async function beginning<T>(
  deps: Deps,
  ctx: Ctx,
  { tenantId, id, containerId }: Exec,
  begin: (at: ExecPlace) => Promise<T>,
): Promise<T> {
  authorize(ctx.principal, 'write');
  await liveContainer(deps, ctx, containerId, 'exec');
  const at = { tenantId, id, actor: actorOf(ctx.principal) };
  if (!(await beginExec(deps.db, at))) {
    throw new AppError('conflict', `Error: Exec command ${id} has already run`);
  }
  deps.wakeups.wake(eventsTopic(tenantId));
  try {
    return await begin(at);
  } catch (error) {
    await endExec(deps.db, { ...at, exitCode: null });
    throw error;
  }
}

/** However its session ends, read or not. Never rejects; what it resolves to went wrong. */
async function recordEnd(deps: Deps, at: ExecPlace, live: LiveExecs, session: Session): Promise<unknown> {
  try {
    const exitCode = await session.exit;
    live.delete(at.id);
    await endExec(deps.db, { ...at, exitCode });
    deps.wakeups.wake(eventsTopic(at.tenantId));
    return null;
  } catch (error) {
    deps.log.warn({ err: error, exec: at.id }, 'the end of a command was not recorded');
    return error;
  }
}

/** The exit code is in its record before whoever reads the output sees the end of it, and asks. */
async function* untilRecorded(session: Session, recorded: Promise<unknown>): AsyncGenerator<Output, void, void> {
  let hasEnded = false;
  let failure: unknown = null;
  try {
    yield* session.output;
    hasEnded = true;
  } finally {
    if (!hasEnded) session.close();
    failure = await recorded;
  }
  if (failure) throw failure;
}

/** Throws not_found when this process holds no session of it, conflict when it has ended. */
export async function resizeExec(
  deps: Deps,
  ctx: Ctx,
  id: string,
  live: LiveExecs,
  { columns, rows }: { columns: number; rows: number },
): Promise<void> {
  authorize(ctx.principal, 'write');
  await getExec(deps, ctx, id);
  const session = live.get(id);
  if (!session) throw notFound('running exec instance', id);
  await session.resize(columns, rows);
}
