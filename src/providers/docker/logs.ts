/** Log entries of the Engine to lines. Entries carry their time in front; a long line comes in several entries. */
import type { LogChunk, LogOptions, RunRef } from '../provider.ts';
import { type Site, safeName } from './client.ts';
import { toAppError, unless } from './errors.ts';
import { inspectRun } from './observe.ts';
import { demultiplex, type Frame, unframed } from './streams.ts';

const newline = 0x0a;
/** `2024-05-06T07:08:09.123456789Z `: fixed in width, because the Engine logs in UTC. */
const stampBytes = 31;
const stamp = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{9}Z $/;
/** The Engine cuts lines into entries of this size. */
const entryBytes = 16 * 1024;
/** A line that never ends is passed on in pieces of this size. */
const longestLine = 1 << 20;

const subject = { noun: 'container' } as const;

export async function* logsOf(site: Site, run: RunRef, options: LogOptions): AsyncGenerator<LogChunk, void, void> {
  const { signal, follow, since, until, tail } = options;
  const found = await inspectRun(site, run.key, options);
  if (!found) return;
  const query = { follow, stdout: true, stderr: true, timestamps: true, since, until, tail: tail ?? 'all' };
  const path = `/containers/${safeName(run.key)}/logs`;
  const body = await unless(site.engine.stream({ method: 'GET', path, query, subject }, options), ['not_found'], null);
  if (body === null) return;
  try {
    yield* found.Config.Tty ? joinLines(terminalEntries(body)) : joinLines(entries(demultiplex(body)));
  } catch (error) {
    if (!signal.aborted) throw toAppError(error, subject, signal);
  } finally {
    body.destroy();
  }
}

interface Entry extends Frame {
  at: Date;
}

async function* entries(frames: AsyncIterable<Frame>): AsyncGenerator<Entry, void, void> {
  for await (const { stream, data } of frames) yield { stream, ...readStamp(data) };
}

function readStamp(data: Buffer): { at: Date; data: Buffer } {
  return { at: new Date(data.toString('latin1', 0, stampBytes - 1)), data: data.subarray(stampBytes) };
}

/**
 * A terminal's entries follow each other without frames: each ends with a newline, or after the size at which the Engine
 * cuts when the time of the next entry follows there.
 */
async function* terminalEntries(source: AsyncIterable<Buffer>): AsyncGenerator<Entry, void, void> {
  let rest: Buffer = Buffer.alloc(0);
  for await (const chunk of unframed(source)) {
    rest = Buffer.concat([rest, chunk.data]);
    for (let end = entryEnd(rest, false); end !== null; end = entryEnd(rest, false)) {
      yield { stream: 'stdout', ...readStamp(rest.subarray(0, end)) };
      rest = rest.subarray(end);
    }
  }
  for (let end = entryEnd(rest, true); end !== null; end = entryEnd(rest, true)) {
    yield { stream: 'stdout', ...readStamp(rest.subarray(0, end)) };
    rest = rest.subarray(end);
  }
}

/** Where the first entry ends; null while that cannot be told. */
function entryEnd(buffer: Buffer, complete: boolean): number | null {
  if (buffer.length <= stampBytes) return null;
  const end = buffer.indexOf(newline, stampBytes) + 1;
  const cut = stampBytes + entryBytes;
  if (end > 0 && end <= cut + 1) return end;
  if (buffer.length >= cut + stampBytes) return cutEnd(buffer, cut) ?? (end > 0 ? end : buffer.length);
  return complete ? end || buffer.length : null;
}

function cutEnd(buffer: Buffer, cut: number): number | null {
  return stamp.test(buffer.toString('latin1', cut, cut + stampBytes)) ? cut : null;
}

/** Joins the entries of one line; each stream has its own line in the making. */
async function* joinLines(source: AsyncIterable<Entry>): AsyncGenerator<LogChunk, void, void> {
  const open = new Map<Frame['stream'], { at: Date; parts: Buffer[]; size: number }>();
  const finish = (stream: Frame['stream'], line: { at: Date; parts: Buffer[] }): LogChunk => {
    open.delete(stream);
    return { stream, at: line.at, line: Buffer.concat(line.parts) };
  };
  for await (const { stream, at, data } of source) {
    const line = open.get(stream) ?? { at, parts: [], size: 0 };
    const ended = data.at(-1) === newline;
    line.parts.push(ended ? data.subarray(0, -1) : data);
    line.size += data.length;
    open.set(stream, line);
    if (ended || line.size >= longestLine) yield finish(stream, line);
  }
  for (const [stream, line] of open) yield finish(stream, line);
}
