/** A run's output while it comes, from its log: ECS gives nobody a task's own streams, and none of them takes input. */
import { AppError } from '../../../domain/errors.ts';
import type { AttachInput, CallOptions, LogOptions, RunRef, Session } from '../../provider.ts';
import { getRecord } from '../runs/lookup.ts';
import type { Site } from '../site.ts';
import { logsOf, newLines } from './logs.ts';
import type { LogReader } from './pages.ts';

type Output = { stream: 'stdout'; data: Uint8Array };

/** Throws not_found, conflict while it is paused, unsupported for input. */
export async function attachRun(
  site: Site,
  reader: LogReader,
  run: RunRef,
  input: AttachInput,
  options: CallOptions,
): Promise<Session> {
  if (input.stdin) throw noInput();
  const { value } = await getRecord(site, run, options);
  if (value.isPaused) throw new AppError('conflict', 'The container is paused');
  const leaving = new AbortController();
  const signal = AbortSignal.any([options.signal, leaving.signal]);
  const lines = await linesOf(site, reader, run, input, { signal });
  // A terminal ends its lines so.
  const newline = Buffer.from(input.tty ? '\r\n' : '\n');

  async function* output(): AsyncGenerator<Output, void, void> {
    try {
      for await (const line of lines)
        if (input.stdout) yield { stream: 'stdout', data: Buffer.concat([line, newline]) };
    } catch (error) {
      if (!signal.aborted) throw error;
    }
  }
  const refused = () => Promise.reject(noInput());
  return {
    ...{ output: output(), write: refused, endInput: () => Promise.resolve(), resize: refused },
    exit: Promise.resolve(null),
    close: () => leaving.abort(),
  };
}

async function linesOf(
  site: Site,
  reader: LogReader,
  run: RunRef,
  { logs, stream }: AttachInput,
  { signal }: CallOptions,
): Promise<AsyncIterable<Uint8Array>> {
  if (logs || !stream) return logged(site, reader, run, { signal, follow: stream, ...(!logs && { tail: 0 }) });
  return bytes(await newLines(site, reader, run, { signal }));
}

async function* bytes(lines: AsyncIterable<{ text: string }>): AsyncGenerator<Uint8Array, void, void> {
  for await (const { text } of lines) yield Buffer.from(text);
}

async function* logged(site: Site, reader: LogReader, run: RunRef, options: LogOptions) {
  for await (const { line } of logsOf(site, reader, run, options)) yield line;
}

const noInput = () =>
  new AppError(
    'unsupported',
    'Nothing can be written to a container here: ECS has no input for tasks; use exec instead',
  );
