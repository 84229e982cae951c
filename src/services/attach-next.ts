/**
 * Attaching where every start is another run: who attaches to what has ended sees the next run, from its first word on; and a
 * start that comes to nothing, which has no output that could end, ends the session.
 */
import type { Deps } from '../context.ts';
import { type Container, statusOf } from '../domain/container.ts';
import { lacking } from '../domain/features.ts';
import type { AttachInput, Session } from '../providers/provider.ts';
import { runOf } from './live-run.ts';
import { waitForExit, waitForNextRun } from './wait.ts';

type Streams = Omit<Session, 'exit'>;

const over = ['exited', 'failed', 'lost'];

export const awaitsNextRun = ({ provider }: Deps, container: Container, { stream, logs }: AttachInput): boolean =>
  stream && !logs && !provider.features.restartInPlace && over.includes(statusOf(container));

/** Throws unsupported for input. */
export function attachToNextRun(deps: Deps, container: Container, input: AttachInput, signal: AbortSignal): Streams {
  const { name } = deps.provider;
  if (input.stdin) throw lacking(name, 'input');
  const leaving = new AbortController();
  const refuse = () => Promise.reject(lacking(name, 'input'));
  return {
    output: nextOutput(deps, container, input, AbortSignal.any([signal, leaving.signal])),
    ...{ write: refuse, endInput: () => Promise.resolve(), resize: refuse },
    close: () => leaving.abort(),
  };
}

async function* nextOutput(
  deps: Deps,
  container: Container,
  { tty, stdout, stderr }: AttachInput,
  signal: AbortSignal,
): AsyncGenerator<{ stream: 'stdout' | 'stderr'; data: Uint8Array }, void, void> {
  const next = await waitForNextRun(deps, container, signal);
  if (!next) return;
  // Both times are the provider's, so that no clock is compared with another.
  const last = container.run.finishedAt;
  const since = last === null ? undefined : (last.getTime() + 1) / 1000;
  const newline = Buffer.from(tty ? '\r\n' : '\n');
  for await (const { stream, line, ended } of deps.provider.logs(runOf(next), { follow: true, since, signal })) {
    if (stream === 'stdout' ? stdout : stderr) yield { stream, data: ended ? Buffer.concat([line, newline]) : line };
  }
}

/** The session, which ends as well when the start that it waits for has failed. */
export function endingWithFailure(deps: Deps, container: Container, session: Streams, signal: AbortSignal): Streams {
  if (deps.provider.features.restartInPlace) return session;
  const done = new AbortController();
  const within = AbortSignal.any([signal, done.signal]);
  const watch = async () => {
    try {
      const end = await waitForExit(deps, container, 'next-exit', within);
      if (end && end.error !== null) session.close();
    } catch (error) {
      deps.log.warn({ err: error, container: container.id }, 'whether an attached container started was not seen');
    }
  };
  async function* output() {
    const watching = watch();
    try {
      yield* session.output;
    } finally {
      done.abort();
      await watching;
    }
  }
  return { ...session, output: output() };
}
