/** A command behind a data channel as the port's Session. */
import { AppError } from '../domain/errors.ts';
import type { CallOptions, Session } from '../providers/provider.ts';
import type { DataChannel } from './channel.ts';
import { NoticeReader, type Part } from './notices.ts';
import { parting } from './script.ts';
import { inPieces, typed, typedEnd } from './terminal-input.ts';

type Output = { stream: 'stdout' | 'stderr'; data: Uint8Array };

/** How the command is spoken to. */
export interface Manner {
  tty: boolean;
  stdin: boolean;
  mark: string;
}

/** What a command wrote, and what was read of it before anybody asked. */
export interface Begun {
  notices: NoticeReader;
  parts: Part[];
}

/** Reads up to the notice that the command begins; throws unsupported for the reason why it does not. */
export async function begin(channel: DataChannel, { mark }: Manner): Promise<Begun> {
  const notices = new NoticeReader(mark);
  for (let chunk = await channel.output.next(); chunk; chunk = await channel.output.next()) {
    const parts = notices.read(chunk);
    for (const [at, part] of parts.entries()) {
      if (!('kind' in part)) continue;
      if (part.kind === 'R') throw new AppError('unsupported', part.text);
      if (part.kind === 'G') return { notices, parts: parts.slice(at + 1) };
    }
  }
  throw new AppError('unavailable', 'The command could not be started: the connection to the container broke off');
}

export function sessionOver(
  channel: DataChannel,
  manner: Manner,
  { notices, parts }: Begun,
  { signal }: CallOptions,
): Session {
  const exit = Promise.withResolvers<number | null>();
  let isInputOver = false;
  const endInput = async (): Promise<void> => {
    if (isInputOver || !manner.stdin) return;
    isInputOver = true;
    // A process that takes no more input has none to be ended.
    await channel.send([typedEnd]).catch(() => {});
  };
  const leave = () => channel.close();
  signal.addEventListener('abort', leave, { once: true });
  if (signal.aborted) leave();
  void channel.ended.then(() => signal.removeEventListener('abort', leave));

  async function* output(): AsyncGenerator<Output, void, void> {
    let code: number | null = null;
    try {
      for (let read: Part[] | null = parts; read && code === null; ) {
        for (const part of read) {
          if ('output' in part) yield { stream: 'stdout', data: part.output };
          else if (part.kind === 'E') yield { stream: 'stderr', data: Buffer.from(part.text, 'base64') };
          else if (part.kind === 'D') await endInput();
          else if (part.kind === 'X') code = exitCodeIn(part.text);
        }
        const chunk: Buffer | null = code === null ? await channel.output.next() : null;
        read = chunk && notices.read(chunk);
      }
      if (code === null && notices.left().length > 0) yield { stream: 'stdout', data: notices.left() };
      if (code === null && (await channel.ended) === 'lost' && !signal.aborted) {
        throw new AppError('unavailable', 'The connection to the process broke off');
      }
    } finally {
      exit.resolve(code);
      if (code === null) channel.close();
      else await part(channel);
    }
  }

  // Whoever waits for the end alone need not read.
  void channel.ended.then((end) => end !== 'closed' && exit.resolve(null));
  return {
    output: output(),
    write: async (data) => {
      if (!manner.stdin || isInputOver) throw new AppError('conflict', 'The process takes no more input');
      await channel.send(manner.tty ? inPieces(data) : typed(data));
    },
    endInput,
    resize: (columns, rows) => channel.resize(columns, rows),
    exit: exit.promise,
    close: leave,
  };
}

async function part(channel: DataChannel): Promise<void> {
  // It may be closed already.
  await channel.send([parting]).catch(() => {});
  channel.closeSoon();
}

/** Null for what no shell says of a command: who is root in the container can read the mark and write notices as well. */
function exitCodeIn(text: string): number | null {
  const code = /^\d{1,3}$/.test(text) ? Number(text) : Number.NaN;
  return code <= 255 ? code : null;
}
