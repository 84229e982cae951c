/** The Engine's streams in pieces of any size: frames, entries, lines, and where to go on. */
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import {
  type Entry,
  framedEntries,
  joinLines,
  LogPosition,
  terminalEntries,
} from '../../../src/providers/docker/log-entries.ts';
import { demultiplex, demultiplexPieces, jsonLines } from '../../../src/providers/docker/streams.ts';

const stampOf = (second: number) => `2026-01-02T03:04:${String(second % 60).padStart(2, '0')}.123456789Z`;
/** As the Engine cuts a line. */
const entryBytes = 16 * 1024;

function frame(stream: 'stdout' | 'stderr', data: string): Buffer {
  const header = Buffer.alloc(8);
  header[0] = stream === 'stdout' ? 1 : 2;
  header.writeUInt32BE(Buffer.byteLength(data), 4);
  return Buffer.concat([header, Buffer.from(data)]);
}

/** The bytes in chunks whose sizes repeat. */
async function* chunked(bytes: Buffer, sizes: number[]): AsyncGenerator<Buffer> {
  for (let at = 0, turn = 0; at < bytes.length; turn++) {
    const size = sizes[turn % sizes.length] ?? 1;
    yield bytes.subarray(at, at + size);
    at += size;
  }
}

async function* from<T>(items: T[]): AsyncGenerator<T> {
  yield* items;
}

async function all<T>(source: AsyncIterable<T>): Promise<T[]> {
  const items: T[] = [];
  for await (const item of source) items.push(item);
  return items;
}

const text = async (lines: ReturnType<typeof joinLines>) =>
  (await all(lines)).map(({ stream, line }) => `${stream}: ${Buffer.from(line).toString()}`);

const sizes = fc.array(fc.integer({ min: 1, max: 40 }), { minLength: 1, maxLength: 5 });

describe('a multiplexed stream', () => {
  test('is the same frames however it is cut', async () => {
    const entry = fc.record({ stream: fc.constantFrom('stdout' as const, 'stderr' as const), data: fc.string() });
    await fc.assert(
      fc.asyncProperty(fc.array(entry), sizes, async (frames, cuts) => {
        const bytes = Buffer.concat(frames.map(({ stream, data }) => frame(stream, data)));
        const found = await all(demultiplex(chunked(bytes, cuts)));
        expect(found.map(({ stream, data }) => ({ stream, data: data.toString() }))).toEqual(frames);
      }),
      { numRuns: 100 },
    );
  });

  test('has the same bytes of each stream in pieces, however it is cut', async () => {
    const entry = fc.record({ stream: fc.constantFrom('stdout' as const, 'stderr' as const), data: fc.string() });
    const join = (frames: { stream: string; data: Buffer | string }[], wanted: string) =>
      Buffer.concat(frames.flatMap(({ stream, data }) => (stream === wanted ? [Buffer.from(data)] : []))).toString();
    await fc.assert(
      fc.asyncProperty(fc.array(entry), sizes, async (frames, cuts) => {
        const bytes = Buffer.concat(frames.map(({ stream, data }) => frame(stream, data)));
        const found = await all(demultiplexPieces(chunked(bytes, cuts)));
        for (const stream of ['stdout', 'stderr']) expect(join(found, stream)).toBe(join(frames, stream));
      }),
      { numRuns: 100 },
    );
  });

  test('that is none is refused instead of waited for', async () => {
    const bytes = Buffer.from('this was never a frame\n');
    for (const read of [demultiplex, demultiplexPieces]) {
      await expect(all(read(chunked(bytes, [5])))).rejects.toMatchObject({ code: 'internal' });
    }
  });
});

describe('lines', () => {
  test('are joined from the entries they were cut into, each stream for itself', async () => {
    const long = 'x'.repeat(entryBytes);
    const frames = [
      frame('stdout', `${stampOf(1)} ${long}`),
      frame('stderr', `${stampOf(2)} problem\n`),
      frame('stdout', `${stampOf(3)} end\n`),
      frame('stdout', `${stampOf(4)} without newline`),
    ];
    const lines = await all(joinLines(framedEntries(demultiplex(from(frames)))));
    expect(lines.map(({ line }) => Buffer.from(line).toString())).toEqual(['problem', `${long}end`, 'without newline']);
    expect(lines[1]?.at).toEqual(new Date('2026-01-02T03:04:01.123Z'));
  });

  test('keep every byte but the newline', async () => {
    const bytes = Buffer.concat([frame('stdout', `${stampOf(1)} \r\t\n`), frame('stdout', `${stampOf(2)} \n`)]);
    expect(await text(joinLines(framedEntries(demultiplex(chunked(bytes, [7])))))).toEqual([
      'stdout: \r\t',
      'stdout: ',
    ]);
  });

  test('that never end are passed on in pieces', async () => {
    const frames = Array.from({ length: 129 }, () => frame('stdout', `${stampOf(1)} ${'x'.repeat(entryBytes)}`));
    const lines = await all(joinLines(framedEntries(demultiplex(from(frames)))));
    expect(lines.map(({ line }) => line.length)).toEqual([1 << 20, 1 << 20, entryBytes]);
  });
});

describe("a terminal's log", () => {
  test('is the same lines however it is cut', async () => {
    const lengths = fc.array(
      fc.constantFrom(0, 1, 40, entryBytes - 1, entryBytes, entryBytes + 1, 2 * entryBytes + 5),
      {
        maxLength: 6,
      },
    );
    const cuts = fc.array(fc.integer({ min: 1, max: 20_000 }), { minLength: 1, maxLength: 5 });
    await fc.assert(
      fc.asyncProperty(lengths, cuts, async (wanted, chunks) => {
        const lines = wanted.map((length, index) => String(index % 10).repeat(length));
        const bytes = Buffer.from(lines.map(asTerminalEntries).join(''));
        const found = await all(joinLines(terminalEntries(chunked(bytes, chunks))));
        expect(found.map(({ line }) => Buffer.from(line).toString())).toEqual(lines);
      }),
      { numRuns: 100 },
    );
  });
});

/** As the Engine's json-file log writes a line: a full entry without newline as often as it fits, and the rest. */
function asTerminalEntries(line: string, index: number): string {
  let written = '';
  let rest = line;
  for (; rest.length >= entryBytes; rest = rest.slice(entryBytes)) {
    written += `${stampOf(index)} ${rest.slice(0, entryBytes)}`;
  }
  return `${written}${stampOf(index)} ${rest}\n`;
}

test('a second reading gives exactly what the first one missed', async () => {
  const entry = (stream: 'stdout' | 'stderr', second: number, data: string): Entry => ({
    stream,
    stamp: stampOf(second),
    data: Buffer.from(`${data}\n`),
  });
  const before = entry('stdout', 1, 'left out by tail');
  const seen = [entry('stdout', 2, 'a'), entry('stdout', 3, 'b'), entry('stderr', 2, 'e'), entry('stdout', 3, 'c')];
  const missed = [entry('stdout', 3, 'd'), entry('stderr', 3, 'f'), entry('stdout', 4, 'g')];
  const position = new LogPosition();
  expect(position.latest).toBeNull();
  for (const one of seen) position.advance(one);
  expect(position.latest).toBe(stampOf(3));
  expect(await all(position.unread(from([before, ...seen, ...missed])))).toEqual(missed);
});

describe('lines of JSON', () => {
  test('are the same values however they are cut', async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(fc.dictionary(fc.string(), fc.integer())), sizes, async (values, cuts) => {
        const bytes = Buffer.from(values.map((value) => `${JSON.stringify(value)}\r\n`).join(''));
        expect(await all(jsonLines(chunked(bytes, cuts)))).toEqual(values.map((value) => ({ ...value })));
      }),
      { numRuns: 100 },
    );
  });

  test('without an end are refused', async () => {
    const endless = Buffer.alloc(2 << 20, '1');
    await expect(all(jsonLines(chunked(endless, [1 << 16])))).rejects.toMatchObject({ code: 'internal' });
  });
});
