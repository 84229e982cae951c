/** Commands inside a running container, over one hijacked connection each. */
import type { Socket } from 'node:net';
import { z } from 'zod';
import { AppError } from '../../domain/errors.ts';
import type { CallOptions, ExecSpec, RunRef, Session } from '../provider.ts';
import { type EngineRequest, type Site, safeName } from './client.ts';
import { toAppError } from './errors.ts';
import { demultiplex, type Frame, unframed } from './streams.ts';

const created = z.object({ Id: z.string() });
const inspected = z.object({ Running: z.boolean(), ExitCode: z.number().nullable() });

const subject = { noun: 'process' } as const;
/** The Engine closes the output a moment before it knows the exit code. */
const exitPauseMs = 20;
const exitLooks = 100;

/** The signal ends the whole session, not only its beginning. */
export async function execIn(site: Site, run: RunRef, spec: ExecSpec, options: CallOptions): Promise<Session> {
  const id = await createExec(site, run, spec, options);
  const body = { Detach: false, Tty: spec.tty };
  const socket = await site.engine.hijack({ method: 'POST', path: `/exec/${id}/start`, body, subject }, options);
  const over = new Promise<void>((resolve) => socket.once('close', () => resolve()));
  const left = new AbortController();
  const signal = AbortSignal.any([options.signal, left.signal]);
  return {
    output: output(socket, spec.tty, signal),
    write: (data) => write(socket, data),
    endInput: () => endInput(socket),
    resize: async (columns, rows) => {
      const query = { w: columns, h: rows };
      await site.engine.call({ method: 'POST', path: `/exec/${id}/resize`, query, subject }, options);
    },
    // Left before its end, the process may run on for ever.
    exit: over.then(() => (socket.readableEnded ? exitCode(site, id, options) : null)),
    close: () => {
      left.abort();
      socket.destroy();
    },
  };
}

async function createExec(site: Site, run: RunRef, spec: ExecSpec, options: CallOptions): Promise<string> {
  const request: EngineRequest = {
    method: 'POST',
    path: `/containers/${safeName(run.key)}/exec`,
    body: {
      Cmd: spec.command,
      Env: Object.entries(spec.env).map(([name, value]) => `${name}=${value}`),
      WorkingDir: spec.workdir,
      User: spec.user,
      AttachStdin: spec.stdin,
      AttachStdout: true,
      AttachStderr: true,
      Tty: spec.tty,
    },
    subject: { noun: 'container' },
  };
  return safeName((await site.engine.ask(request, created, options)).Id);
}

/** Ends with the process, or without an error when the session was closed or aborted. */
async function* output(socket: Socket, tty: boolean, signal: AbortSignal): AsyncGenerator<Frame, void, void> {
  try {
    yield* tty ? unframed(socket) : demultiplex(socket);
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

/** Null when the connection ended but the process did not, or when nobody can be asked any more. */
async function exitCode(site: Site, id: string, options: CallOptions): Promise<number | null> {
  for (let look = 0; look < exitLooks && !options.signal.aborted; look++) {
    try {
      const request = { method: 'GET', path: `/exec/${id}/json`, subject } as const;
      const { Running, ExitCode } = await site.engine.ask(request, inspected, options);
      if (!Running) return ExitCode;
    } catch (error) {
      site.log('exit code of a process unknown', { error });
      return null;
    }
    await site.clock.sleep(exitPauseMs, options.signal);
  }
  return null;
}
