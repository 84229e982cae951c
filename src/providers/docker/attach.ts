/** The standard streams of a run itself: its terminal, or its three pipes. */
import type { AttachInput, CallOptions, RunRef, Session } from '../provider.ts';
import { type Site, safeName } from './client.ts';
import { sessionOver } from './session.ts';

const subject = { noun: 'container' } as const;

/** The Engine agreed before this resolves: what the run writes from then on is not lost, even before its first start. */
export async function attachTo(site: Site, run: RunRef, input: AttachInput, options: CallOptions): Promise<Session> {
  const { tty, stdin, stdout, stderr, logs, stream, detachKeys } = input;
  const path = `/containers/${safeName(run.key)}/attach`;
  const query = { stdin, stdout, stderr, logs, stream, ...(detachKeys !== undefined && { detachKeys }) };
  const socket = await site.engine.hijack({ method: 'POST', path, query, subject }, options);
  return sessionOver(socket, tty, subject, options, {
    resize: (columns, rows) => resizeTerminal(site, run, columns, rows, options),
    // Its exit is observed, not told to whoever is attached.
    exit: async () => null,
  });
}

export async function resizeTerminal(
  site: Site,
  run: RunRef,
  columns: number,
  rows: number,
  options: CallOptions,
): Promise<void> {
  const path = `/containers/${safeName(run.key)}/resize`;
  await site.engine.call({ method: 'POST', path, query: { w: columns, h: rows }, subject }, options);
}
