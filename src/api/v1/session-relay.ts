/**
 * A command's session over a WebSocket, in both directions no faster than the other side takes it.
 *   client: binary = standard input · {"type":"resize","columns","rows"} · {"type":"eof"}
 *   server: binary = 1 (stdout) or 2 (stderr), then output · {"type":"exit","exitCode"} · {"type":"error","code","message"}
 */
import { createWebSocketStream, type WebSocket } from 'ws';
import { z } from 'zod';
import type { Clock } from '../../domain/clock.ts';
import { AppError } from '../../domain/errors.ts';
import type { Session } from '../../services/exec.ts';
import { asAppError, toProblem } from '../errors.ts';

/** A peer that answers no ping for this long is gone; also keeps proxies from closing a quiet terminal. */
const PING_MS = 30_000;

const side = z.int().min(1).max(10_000);
const control = z.discriminatedUnion('type', [
  z.strictObject({ type: z.literal('resize'), columns: side, rows: side }),
  z.strictObject({ type: z.literal('eof') }),
]);

/**
 * Until the command ends: its exit code is sent, and the socket closed with 1000. Throws what broke it off, which is the
 * loss of the key when the signal aborts and the client is still there.
 */
export async function relay(socket: WebSocket, session: Session, signal: AbortSignal): Promise<void> {
  const refused = Promise.withResolvers<never>();
  takeInput(socket, session).catch(refused.reject);
  await Promise.race([sendOutput(socket, session), refused.promise]);
  if (signal.aborted) throw new AppError('unauthenticated', 'The key of this connection does not work any more');
  await send(socket, JSON.stringify({ type: 'exit', exitCode: await session.exit }));
  socket.close(1000);
}

async function sendOutput(socket: WebSocket, session: Session): Promise<void> {
  for await (const { stream, data } of session.output) {
    await send(socket, Buffer.concat([Buffer.of(stream === 'stdout' ? 1 : 2), data]));
  }
}

/** Resolves when the bytes left this process: the reader's back-pressure. */
function send(socket: WebSocket, data: string | Buffer): Promise<void> {
  return new Promise((resolve, reject) => {
    socket.send(data, (error) => (error ? reject(error) : resolve()));
  });
}

/** Reads on only when the command has taken what came before. Throws invalid for what is no control message. */
async function takeInput(socket: WebSocket, session: Session): Promise<void> {
  const messages = createWebSocketStream(socket, { readableObjectMode: true, readableHighWaterMark: 1 });
  // How the connection ended is told by its close.
  messages.on('error', () => {});
  for await (const message of messages.iterator({ destroyOnReturn: false })) {
    const act = typeof message === 'string' ? controlOf(message) : () => session.write(message);
    try {
      await act(session);
    } catch (error) {
      // A command that ended, or closed its input, takes no more; its exit code is what the client wants to know.
      if (!(error instanceof AppError && (error.code === 'conflict' || error.code === 'not_found'))) throw error;
    }
  }
}

function controlOf(message: string): (session: Session) => Promise<void> {
  const parsed = control.safeParse(parseJson(message));
  if (!parsed.success) throw new AppError('invalid', 'Text frames must be {"type":"resize",…} or {"type":"eof"}');
  const { data } = parsed;
  return data.type === 'eof' ? (session) => session.endInput() : (session) => session.resize(data.columns, data.rows);
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

/** Tells the client why it ends. 44xx carries the status that the same error has over HTTP; 1011 is ours. */
export function refuse(socket: WebSocket, error: unknown, requestId: string): AppError {
  const appError = asAppError(error);
  const { status } = toProblem(appError, requestId);
  socket.send(JSON.stringify({ type: 'error', code: appError.code, message: appError.message }));
  socket.close(status < 500 ? 4000 + status : 1011);
  // Its answer to the close would wait behind input that nobody reads any more.
  socket.resume();
  return appError;
}

/** Ends the connection to a peer that vanished. Not while we do not read: then its answers wait unread. */
export async function keepAlive(socket: WebSocket, clock: Clock, signal: AbortSignal): Promise<void> {
  let answered = true;
  socket.on('pong', () => {
    answered = true;
  });
  while (!signal.aborted) {
    if (!answered && !socket.isPaused) return socket.terminate();
    answered = false;
    socket.ping();
    await clock.sleep(PING_MS, signal);
  }
}
