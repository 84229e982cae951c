/** A hijacked connection to a process as the port's Session. */
import type { Socket } from 'node:net';
import { AppError } from '../../domain/errors.ts';
import type { CallOptions, Session } from '../provider.ts';
import { type Subject, toAppError } from './errors.ts';
import { demultiplexPieces, type Frame, unframed } from './streams.ts';

/** @param more.exit asked once the connection ended as it should */
export function sessionOver(
  socket: Socket,
  tty: boolean,
  subject: Subject,
  options: CallOptions,
  more: { resize: Session['resize']; exit: () => Promise<number | null> },
): Session {
  const over = new Promise<void>((resolve) => socket.once('close', () => resolve()));
  const left = new AbortController();
  const signal = AbortSignal.any([options.signal, left.signal]);
  return {
    output: output(socket, tty, subject, signal),
    write: (data) => write(socket, data),
    endInput: () => endInput(socket),
    resize: more.resize,
    // Left before its end, the process may run on for ever.
    exit: over.then(() => (socket.readableEnded ? more.exit() : null)),
    close: () => {
      left.abort();
      socket.destroy();
    },
  };
}

/** Ends with the process, or without an error when the session was closed or aborted. */
async function* output(
  socket: Socket,
  tty: boolean,
  subject: Subject,
  signal: AbortSignal,
): AsyncGenerator<Frame, void, void> {
  try {
    yield* tty ? unframed(socket) : demultiplexPieces(socket);
  } catch (error) {
    if (!signal.aborted) throw toAppError(error, subject, signal);
  } finally {
    socket.destroy();
  }
}

function write(socket: Socket, data: Uint8Array): Promise<void> {
  return new Promise((resolve, reject) => {
    socket.write(data, (error) => {
      if (error) reject(new AppError('conflict', 'The process takes no more input', { cause: error }));
      else resolve();
    });
  });
}

function endInput(socket: Socket): Promise<void> {
  return new Promise((resolve) => {
    if (socket.writableEnded || socket.destroyed) return resolve();
    socket.end(() => resolve());
  });
}
