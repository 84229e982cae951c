/** A run's log from the Engine. */
import { unless } from '../../domain/errors.ts';
import { millisecondOf } from '../../domain/moment.ts';
import type { CallOptions, LogChunk, LogOptions, RunRef } from '../provider.ts';
import { type Site, safeName } from './client.ts';
import { toAppError } from './errors.ts';
import { type Entry, framedEntries, joinLines, LogPosition, terminalEntries } from './log-entries.ts';
import { inspectRun } from './observe.ts';
import { demultiplex } from './streams.ts';

const subject = { noun: 'container' } as const;
/** By how much the two streams of a run may be out of step in its log. */
const skewSeconds = 1;

interface Reading extends CallOptions {
  follow: boolean;
  since: number | string | undefined;
  until: string | undefined;
  tail: number | 'all';
}

export async function* logsOf(site: Site, run: RunRef, options: LogOptions): AsyncGenerator<LogChunk, void, void> {
  const { signal, follow, since, until, tail = 'all' } = options;
  const found = await inspectRun(site, run.key, options);
  if (!found) return;
  const read = (reading: Reading) => entriesOf(site, run, found.Config.Tty, reading);
  try {
    const first: Reading = { signal, follow, since, until: until === undefined ? until : endOf(until), tail };
    yield* joinLines(follow ? followed(read, first, site.clock.now()) : read(first));
  } catch (error) {
    if (!signal.aborted) throw toAppError(error, subject, signal);
  }
}

/** Of the millisecond, for a line is shown without the rest of its time and must not be left out for it. */
const endOf = (unixSeconds: number): string => `${(millisecondOf(unixSeconds) / 1000).toFixed(3)}999999`;

/**
 * The Engine's own following ends with the run, but often before its last entries (20.10 lost some in one of three short
 * runs). So the end is read again, and what was not seen yet is passed on.
 */
async function* followed(
  read: (reading: Reading) => AsyncIterable<Entry>,
  first: Reading,
  openedAt: number,
): AsyncGenerator<Entry, void, void> {
  const position = new LogPosition();
  for await (const entry of read(first)) {
    position.advance(entry);
    yield entry;
  }
  // Nothing seen: all there is now is new, unless the beginning was asked to be left out.
  const unseen = first.tail === 0 ? openedAt / 1000 : first.since;
  const since = position.latest === null ? unseen : Date.parse(position.latest) / 1000 - skewSeconds;
  yield* position.unread(read({ ...first, follow: false, tail: 'all', since }));
}

/** Nothing when the run is gone, or going. */
async function* entriesOf(site: Site, run: RunRef, tty: boolean, reading: Reading): AsyncGenerator<Entry, void, void> {
  const { signal, ...query } = reading;
  const path = `/containers/${safeName(run.key)}/logs`;
  const wanted = { ...query, stdout: true, stderr: true, timestamps: true };
  const request = { method: 'GET', path, query: wanted, subject } as const;
  const body = await unless(site.engine.stream(request, { signal }), ['not_found', 'conflict'], null);
  if (body === null) return;
  try {
    yield* tty ? terminalEntries(body) : framedEntries(demultiplex(body));
  } finally {
    body.destroy();
  }
}
