/** Commands inside a running task, by ECS Exec. */
import { ExecuteCommandCommand } from '@aws-sdk/client-ecs';
import { ResumeSessionCommand, TerminateSessionCommand } from '@aws-sdk/client-ssm';
import { AppError, hasCode } from '../../../domain/errors.ts';
import type { ExecSpec } from '../../../domain/exec.ts';
import { DataChannel } from '../../../session-manager/channel.ts';
import { commandOver } from '../../../session-manager/command.ts';
import { type ExecDefaults, listener, scriptFor } from '../../../session-manager/script.ts';
import type { CallOptions, ExecAccess, Session, SessionAccess } from '../../provider.ts';
import { isAwsError } from '../errors.ts';
import { ask, type Site } from '../site.ts';

/** A container of a task, found before. */
export interface ExecTarget extends ExecDefaults {
  cluster: string;
  taskArn: string;
  container: string;
  tenantId: string;
}

/** The agent of a task needs some seconds after the task runs. */
const agentMs = 30_000;
const agentPauseMs = 1000;
const endMs = 10_000;

const subject = { noun: 'container' } as const;

/** The signal ends the whole session, not only its beginning. Throws conflict when the task does not run, unsupported where the image has no shell. */
export async function execIn(site: Site, target: ExecTarget, spec: ExecSpec, options: CallOptions): Promise<Session> {
  const { id, access } = await execute(site, target, options);
  const channel = new DataChannel(site, access, () => resume(site, id, target.tenantId));
  void channel.ended.then((end) => (end === 'closed' ? undefined : terminate(site, id, target.tenantId)));
  const { tty, stdin } = spec;
  const mark = newMark(site);
  return commandOver(channel, site, { tty, stdin, mark, script: scriptFor(spec, target, mark) }, options);
}

/** The same for somebody else to speak over: the session waits for the script. */
export async function accessTo(
  site: Site,
  target: ExecTarget,
  spec: ExecSpec,
  options: CallOptions,
): Promise<ExecAccess> {
  const { id, access } = await execute(site, target, options);
  const mark = newMark(site);
  return { sessionId: id, ...access, mark, script: scriptFor(spec, target, mark) };
}

const newMark = ({ ids }: Site): string => ids.hex64().slice(0, 32);

/** Asked again for a while where the task runs and its agent does not yet. */
async function execute(site: Site, { cluster, taskArn, container, tenantId }: ExecTarget, options: CallOptions) {
  const command = new ExecuteCommandCommand({
    cluster,
    task: taskArn,
    container,
    command: listener,
    interactive: true,
  });
  const call = { action: 'ecs:ExecuteCommand', subject, tenantId };
  const until = site.clock.now() + agentMs;
  for (;;) {
    try {
      const { session } = await ask(site, { ...call, send: (http) => site.clients.ecs.send(command, http) }, options);
      return { id: session?.sessionId ?? '', access: accessOf(session?.streamUrl, session?.tokenValue) };
    } catch (error) {
      if (!isAwsError(error, /^TargetNotConnectedException$/)) throw error;
      if (site.clock.now() > until) {
        throw new AppError('unavailable', 'The container cannot be reached for commands', { cause: error });
      }
      await site.clock.sleep(agentPauseMs, options.signal);
    }
  }
}

function accessOf(streamUrl: string | undefined, token: string | undefined): SessionAccess {
  if (streamUrl && token) return { streamUrl, token };
  throw new AppError('internal', 'AWS opened a session without saying where');
}

/** Null when the session is over. */
export async function resume(site: Site, id: string, tenantId: string): Promise<SessionAccess | null> {
  const command = new ResumeSessionCommand({ SessionId: id });
  const send = (http: { abortSignal: AbortSignal }) => site.clients.ssm.send(command, http);
  const call = { action: 'ssm:ResumeSession', subject: { noun: 'session' }, tenantId, send };
  try {
    const { StreamUrl, TokenValue } = await ask(site, call, { signal: AbortSignal.timeout(endMs) });
    // Without a token there is nothing to come back to.
    return TokenValue ? accessOf(StreamUrl, TokenValue) : null;
  } catch (error) {
    if (hasCode(error, 'not_found')) return null;
    throw error;
  }
}

/** Nobody waits for this: the session would end by itself after a while of silence. */
async function terminate(site: Site, id: string, tenantId: string): Promise<void> {
  const command = new TerminateSessionCommand({ SessionId: id });
  const send = (http: { abortSignal: AbortSignal }) => site.clients.ssm.send(command, http);
  const call = { action: 'ssm:TerminateSession', subject: { noun: 'session' }, tenantId, send };
  try {
    await ask(site, call, { signal: AbortSignal.timeout(endMs) });
  } catch (error) {
    if (!hasCode(error, 'not_found')) site.log('a session is left to its idle timeout', { err: error });
  }
}
