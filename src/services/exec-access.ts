/**
 * Commands whose session the client speaks over itself, where the provider's sessions can be reached from anywhere and a connection
 * through here cannot be had. What they do is what the client may do in its container anyway; how they ended is what it says.
 */
import { createHmac, timingSafeEqual } from 'node:crypto';
import type { Ctx, Deps } from '../context.ts';
import { endExec } from '../db/execs.ts';
import { AppError } from '../domain/errors.ts';
import type { Exec } from '../domain/exec.ts';
import { actorOf } from '../domain/principal.ts';
import { eventsTopic } from '../domain/wakeups.ts';
import type { ExecAccess, SessionAccess } from '../providers/provider.ts';
import { authorize } from './authorize.ts';
import { beginning } from './exec-records.ts';
import { liveContainer, runOf } from './live-run.ts';

const BEGIN_MS = 25_000;
const RESUME_MS = 15_000;

export interface GrantedExec extends Omit<ExecAccess, 'sessionId'> {
  /** Names the session to `resumeExec`. */
  resume: string;
}

/** Once only. Throws conflict when it was started before or its container does not run, unsupported where no provider's session can be had. */
export async function grantExec(deps: Deps, ctx: Ctx, exec: Exec): Promise<GrantedExec> {
  authorize(ctx.principal, 'write');
  const { provider } = deps;
  if (!provider.execAccess) throw noSessions(provider.name);
  const open = provider.execAccess;
  return beginning(deps, ctx, exec, async () => {
    const container = await liveContainer(deps, ctx, exec.containerId, 'exec');
    const { sessionId, ...access } = await open(runOf(container), exec.spec, { signal: AbortSignal.timeout(BEGIN_MS) });
    return { ...access, resume: `${sessionId}.${sealOf(deps, exec, sessionId)}` };
  });
}

/** A way back after a break. Throws invalid for what `grantExec` did not say of this command, conflict when the session is over. */
export async function resumeExec(deps: Deps, ctx: Ctx, exec: Exec, resume: string): Promise<SessionAccess> {
  authorize(ctx.principal, 'write');
  const { provider } = deps;
  if (!provider.resumeExec) throw noSessions(provider.name);
  const end = resume.lastIndexOf('.');
  const id = resume.slice(0, end);
  if (!isEqual(resume.slice(end + 1), sealOf(deps, exec, id))) {
    throw new AppError('invalid', 'resume: is not of a session of this command');
  }
  const session = { id, tenantId: exec.tenantId };
  const access = await provider.resumeExec(session, { signal: AbortSignal.timeout(RESUME_MS) });
  if (!access) throw new AppError('conflict', 'The session is over');
  return access;
}

/** @param exitCode null when the client could not tell. Repeatable. Throws conflict for a command that was not started. */
export async function reportExec(deps: Deps, ctx: Ctx, exec: Exec, exitCode: number | null): Promise<void> {
  authorize(ctx.principal, 'write');
  if (exec.state === 'created') throw new AppError('conflict', 'The command was not started');
  if (exec.state === 'exited') return;
  const { tenantId, id } = exec;
  await endExec(deps.db, { tenantId, id, exitCode, actor: actorOf(ctx.principal) });
  deps.wakeups.wake(eventsTopic(tenantId));
}

const noSessions = (provider: string) =>
  new AppError('unsupported', `The provider ${provider} has no sessions that a client could speak over itself`);

const sealOf = ({ sealKey }: Deps, { tenantId, id }: Exec, sessionId: string): string =>
  createHmac('sha256', sealKey)
    .update(JSON.stringify(['exec session', tenantId, id, sessionId]))
    .digest('base64url');

function isEqual(given: string, expected: string): boolean {
  // As bytes: a client may send characters that are several.
  const [one, other] = [Buffer.from(given), Buffer.from(expected)];
  return one.length === other.length && timingSafeEqual(one, other);
}
