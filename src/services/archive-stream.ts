/** Archives on their way: compressed or not, entry by entry, with paths that stay inside. */
import { pipeline, Readable } from 'node:stream';
import { createGunzip, createZstdDecompress } from 'node:zlib';
import { AppError } from '../domain/errors.ts';
import { type ReadEntry, readTar, type TarEntry, tarEnd, tarHeader, tarPadding } from '../domain/tar.ts';

/** Throws invalid for what is no tar, or has a path in it that leads out of it. Names have no `./` in front. */
export async function* tarEntries(source: AsyncIterable<Uint8Array>): AsyncGenerator<ReadEntry, void, void> {
  for await (const { entry, content } of readTar(source)) {
    yield { entry: { ...entry, path: safePath(entry.path) }, content };
  }
}

/** Throws invalid for a path that leads out of the archive. */
export function safePath(text: string): string {
  const parts = text.split('/').filter((part) => part !== '' && part !== '.');
  const strange = text.startsWith('/') || parts.includes('..') || /[\0\\]/.test(text);
  if (strange) throw new AppError('invalid', `The archive has a path that leads out of it: ${text.slice(0, 200)}`);
  return parts.join('/');
}

export interface PackedEntry {
  entry: TarEntry;
  /** Exactly `sizeBytes` of it. */
  content: AsyncIterable<Uint8Array> | Iterable<Uint8Array>;
}

export async function* packTar(
  entries: AsyncIterable<PackedEntry> | Iterable<PackedEntry>,
): AsyncGenerator<Uint8Array, void, void> {
  for await (const { entry, content } of entries) {
    yield tarHeader(entry);
    if (entry.kind !== 'file') continue;
    yield* content;
    yield tarPadding(entry.sizeBytes);
  }
  yield tarEnd();
}

/** An entry as it is made here: nobody's, and of no time, so that the same content makes the same archive. */
export function plainFile(path: string, sizeBytes: number): TarEntry {
  return { path, kind: 'file', mode: 0o644, uid: 0, gid: 0, sizeBytes, modifiedAt: new Date(0), linkTarget: '' };
}

export function wholeFile(path: string, content: Uint8Array): PackedEntry {
  return { entry: plainFile(path, content.byteLength), content: [content] };
}

const refused: [name: string, magic: number[]][] = [
  ['bzip2', [0x42, 0x5a, 0x68]],
  ['xz', [0xfd, 0x37, 0x7a, 0x58, 0x5a]],
];
const longestMagic = 6;

/** What a gzip or zstd stream holds, and any other stream as it is. Throws invalid for other compressions. */
export async function* uncompressed(source: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array, void, void> {
  const rest = source[Symbol.asyncIterator]();
  let head = Buffer.alloc(0);
  for (let ended = false; head.length < longestMagic && !ended; ) {
    const step = await rest.next();
    ended = step.done === true;
    if (!step.done) head = Buffer.concat([head, step.value]);
  }
  const begins = (...bytes: number[]) => bytes.every((byte, position) => head[position] === byte);
  const whole = rejoined(head, rest);
  const foreign = refused.find(([, magic]) => begins(...magic));
  if (foreign) throw new AppError('invalid', `Archives compressed by ${foreign[0]} are not taken; use gzip or zstd`);
  if (begins(0x1f, 0x8b)) yield* through(whole, createGunzip());
  else if (begins(0x28, 0xb5, 0x2f, 0xfd)) yield* through(whole, createZstdDecompress());
  else yield* whole;
}

async function* rejoined(head: Uint8Array, rest: AsyncIterator<Uint8Array>): AsyncGenerator<Uint8Array, void, void> {
  try {
    if (head.byteLength > 0) yield head;
    for (let step = await rest.next(); !step.done; step = await rest.next()) yield step.value;
  } finally {
    await rest.return?.();
  }
}

async function* through(
  source: AsyncIterable<Uint8Array>,
  unpacking: NodeJS.ReadWriteStream,
): AsyncGenerator<Uint8Array, void, void> {
  // What goes wrong on the way is thrown to whoever reads the end of it.
  pipeline(Readable.from(source, { objectMode: false }), unpacking, () => {});
  try {
    for await (const chunk of unpacking) yield chunk as Buffer;
  } catch (error) {
    if (error instanceof AppError) throw error;
    throw new AppError('invalid', 'The compressed upload cannot be unpacked', { cause: error });
  }
}
