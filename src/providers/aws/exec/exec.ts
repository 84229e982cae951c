/** Commands inside a running task, by ECS Exec. */
import { ExecuteCommandCommand } from '@aws-sdk/client-ecs';
import { ResumeSessionCommand, TerminateSessionCommand } from '@aws-sdk/client-ssm';
import { AppError } from '../../../domain/errors.ts';
import type { ExecSpec } from '../../../domain/exec.ts';
import type { CallOptions, Session } from '../../provider.ts';
import { hasCode, isAwsError } from '../errors.ts';
import { ask, type Site } from '../site.ts';
import { type ChannelAccess, DataChannel } from './channel.ts';
import { type ExecDefaults, listener, listening, noTerminal, scriptFor, spoken } from './script.ts';
import { begin, sessionOver } from './session.ts';
import { inPieces } from './terminal-input.ts';

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
const listenMs = 30_000;
const endMs = 10_000;

const subject = { noun: 'container' } as const;

/** The signal ends the whole session, not only its beginning. Throws conflict when the task does not run, unsupported where the image has no shell. */
export async function execIn(site: Site, target: ExecTarget, spec: ExecSpec, options: CallOptions): Promise<Session> {
  const channel = await openChannel(site, target, options);
  const abandon = () => channel.close();
  options.signal.addEventListener('abort', abandon, { once: true });
  const manner = { tty: spec.tty, stdin: spec.stdin, mark: site.ids.hex64().slice(0, 32) };
  try {
    await heard(channel, site);
    await channel.send(inPieces(spoken(scriptFor(spec, target, manner.mark))));
    return sessionOver(channel, manner, await begin(channel, manner), options);
  } catch (error) {
    channel.close();
    if (options.signal.aborted) throw new AppError('timeout', 'The command was not started in time', { cause: error });
    throw error;
  } finally {
    options.signal.removeEventListener('abort', abandon);
  }
}

async function openChannel(site: Site, target: ExecTarget, options: CallOptions): Promise<DataChannel> {
  const { id, access } = await execute(site, target, options);
  const channel = new DataChannel(site, access, () => resume(site, id, target.tenantId));
  void channel.ended.then((end) => (end === 'closed' ? undefined : terminate(site, id, target.tenantId)));
  return channel;
}

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

function accessOf(streamUrl: string | undefined, token: string | undefined): ChannelAccess {
  if (streamUrl && token) return { streamUrl, token };
  throw new AppError('internal', 'AWS opened a session without saying where');
}

/** Null when the session is over. */
async function resume(site: Site, id: string, tenantId: string): Promise<ChannelAccess | null> {
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

/** Resolves when the listener waits for its script. What comes before is the agent's own talk. */
async function heard(channel: DataChannel, site: Site): Promise<void> {
  const late = new AbortController();
  void site.clock.sleep(listenMs, late.signal).then(() => late.signal.aborted || channel.close());
  let said = Buffer.alloc(0);
  try {
    for (let chunk = await channel.output.next(); chunk; chunk = await channel.output.next()) {
      said = Buffer.concat([said, chunk]);
      if (said.includes(listening)) return;
      if (said.includes(noTerminal)) {
        throw new AppError('unsupported', 'The image lacks stty, which a command in a container needs here');
      }
    }
  } finally {
    late.abort();
  }
  const cause = new Error(`${said.subarray(-2000)} ${channel.farewell}`);
  if (/not found|no such file/i.test(cause.message)) {
    throw new AppError('unsupported', 'The image has no shell (sh), which a command in a container needs here', {
      cause,
    });
  }
  throw new AppError('unavailable', 'The container did not answer', { cause });
}
