/** A command in a container, over a data channel whose other end is the listener of script.ts. */
import { AppError } from '../domain/errors.ts';
import type { Session } from '../providers/provider.ts';
import type { ChannelSite, DataChannel } from './channel.ts';
import { listening, noTerminal, spoken } from './script.ts';
import { begin, type Manner, sessionOver } from './session.ts';
import { inPieces } from './terminal-input.ts';

const listenMs = 30_000;
/** Of what comes before the listener: a shell is the image's own, and may say anything for ever. */
const mostTalk = 64 * 1024;

/**
 * The signal ends the whole session, not only its beginning. Throws unsupported where the image has no shell, unavailable when the
 * container does not answer, timeout.
 */
export async function commandOver(
  channel: DataChannel,
  site: ChannelSite,
  { script, ...manner }: Manner & { script: string },
  options: { signal: AbortSignal },
): Promise<Session> {
  const abandon = () => channel.close();
  options.signal.addEventListener('abort', abandon, { once: true });
  try {
    await heard(channel, site);
    await channel.send(inPieces(spoken(script)));
    return sessionOver(channel, manner, await begin(channel, manner), options);
  } catch (error) {
    channel.close();
    if (options.signal.aborted) throw new AppError('timeout', 'The command was not started in time', { cause: error });
    throw error;
  } finally {
    options.signal.removeEventListener('abort', abandon);
  }
}

/** Resolves when the listener waits for its script. What comes before is the agent's own talk. */
async function heard(channel: DataChannel, site: ChannelSite): Promise<void> {
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
      if (said.length > mostTalk) break;
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
