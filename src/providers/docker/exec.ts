/** Commands inside a running container, over one hijacked connection each. */
import { z } from 'zod';
import type { ExecSpec } from '../../domain/exec.ts';
import type { CallOptions, RunRef, Session } from '../provider.ts';
import { type EngineRequest, type Site, safeName } from './client.ts';
import { sessionOver } from './session.ts';

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
  return sessionOver(socket, spec.tty, subject, options, {
    resize: async (columns, rows) => {
      const query = { w: columns, h: rows };
      await site.engine.call({ method: 'POST', path: `/exec/${id}/resize`, query, subject }, options);
    },
    exit: () => exitCode(site, id, options),
  });
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

/** Null when the connection ended but the process did not, or when nobody can be asked any more. */
async function exitCode(site: Site, id: string, options: CallOptions): Promise<number | null> {
  for (let look = 0; look < exitLooks && !options.signal.aborted; look++) {
    try {
      const request = { method: 'GET', path: `/exec/${id}/json`, subject } as const;
      const { Running, ExitCode } = await site.engine.ask(request, inspected, options);
      if (!Running) return ExitCode;
    } catch (error) {
      site.log('exit code of a process unknown', { err: error });
      return null;
    }
    await site.clock.sleep(exitPauseMs, options.signal);
  }
  return null;
}
