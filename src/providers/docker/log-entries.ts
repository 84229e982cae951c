/**
 * Log entries of the Engine, read from its streams and joined to lines. An entry carries its time in front; a long line
 * comes in several entries. Pure.
 */
import type { LogChunk } from '../provider.ts';
import type { Frame } from './streams.ts';

export interface Entry extends Frame {
  /** The time as the Engine wrote it, to the nanosecond: texts of one width, so that they compare like times. */
  stamp: string;
}

const newline = 0x0a;
/** `2024-05-06T07:08:09.123456789Z `: fixed in width, because the Engine logs in UTC. */
const stampBytes = 31;
const stampPattern = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{9}Z $/;
/** The Engine cuts lines into entries of this size. */
const entryBytes = 16 * 1024;
/** A line that never ends is passed on in pieces of this size. */
const longestLine = 1 << 20;

/** Of a run without a terminal: an entry is a frame. */
export async function* framedEntries(frames: AsyncIterable<Frame>): AsyncGenerator<Entry, void, void> {
  for await (const { stream, data } of frames) yield toEntry(stream, data);
}

/**
 * Of a run with a terminal: entries follow each other without frames. Each ends with a newline, or at the size at which
 * the Engine cuts when the time of another entry follows there.
 */
export async function* terminalEntries(source: AsyncIterable<Buffer>): AsyncGenerator<Entry, void, void> {
  let rest: Buffer = Buffer.alloc(0);
  for await (const chunk of source) {
    rest = rest.length === 0 ? chunk : Buffer.concat([rest, chunk]);
    for (let end = entryEnd(rest); end !== null; end = entryEnd(rest)) {
      yield toEntry('stdout', rest.subarray(0, end));
      rest = rest.subarray(end);
    }
  }
  if (rest.length > stampBytes) yield toEntry('stdout', rest);
}

function toEntry(stream: Frame['stream'], data: Buffer): Entry {
  return { stream, stamp: data.toString('latin1', 0, stampBytes - 1), data: data.subarray(stampBytes) };
}

/** Where the first entry ends; null while that cannot be told. */
function entryEnd(buffer: Buffer): number | null {
  const cut = stampBytes + entryBytes;
  const end = buffer.subarray(0, cut + 1).indexOf(newline, stampBytes) + 1;
  if (end > 0) return end;
  if (buffer.length < cut + stampBytes) return null;
  const anotherFollows = stampPattern.test(buffer.toString('latin1', cut, cut + stampBytes));
  return anotherFollows ? cut : buffer.length;
}

/** Joins the entries of one line; each stream has its own line in the making. */
export async function* joinLines(source: AsyncIterable<Entry>): AsyncGenerator<LogChunk, void, void> {
  const open = new Map<Frame['stream'], { at: Date; parts: Buffer[]; size: number }>();
  const finish = (stream: Frame['stream'], line: { at: Date; parts: Buffer[] }, ended: boolean): LogChunk => {
    open.delete(stream);
    return { stream, at: line.at, line: Buffer.concat(line.parts), ended };
  };
  for await (const { stream, stamp, data } of source) {
    const line = open.get(stream) ?? { at: new Date(stamp), parts: [], size: 0 };
    const ended = data.at(-1) === newline;
    line.parts.push(ended ? data.subarray(0, -1) : data);
    line.size += data.length;
    open.set(stream, line);
    if (ended || line.size >= longestLine) yield finish(stream, line, ended);
  }
  for (const [stream, line] of open) yield finish(stream, line, false);
}

/**
 * How far a log was read. The entries of one stream are in the order of their times; those of the other may be a little
 * out of step, so that each has a place of its own.
 */
export class LogPosition {
  #first: string | null = null;
  #latest = '';
  #places = new Map<Frame['stream'], { stamp: string; entries: number }>();

  /** The time of the newest entry; null before the first one. */
  get latest(): string | null {
    return this.#first === null ? null : this.#latest;
  }

  advance({ stream, stamp }: Entry): void {
    this.#first ??= stamp;
    if (stamp > this.#latest) this.#latest = stamp;
    const place = this.#places.get(stream);
    this.#places.set(stream, { stamp, entries: place?.stamp === stamp ? place.entries + 1 : 1 });
  }

  /** Leaves out what was read before, from a second reading that begins no later than the last entry of the first. */
  async *unread(source: AsyncIterable<Entry>): AsyncGenerator<Entry, void, void> {
    const first = this.#first;
    const places = new Map([...this.#places].map(([stream, place]) => [stream, { ...place }]));
    for await (const entry of source) {
      const place = places.get(entry.stream);
      if (first !== null && entry.stamp < first) continue;
      if (place && entry.stamp < place.stamp) continue;
      if (place && entry.stamp === place.stamp && place.entries-- > 0) continue;
      yield entry;
    }
  }
}
