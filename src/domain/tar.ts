/**
 * Tar archives, read and written as streams: ustar with the extensions for long names and large files of both POSIX (pax) and
 * GNU. https://pubs.opengroup.org/onlinepubs/9799919799/utilities/pax.html. Pure; nothing is ever unpacked to a disk here.
 */
import { AppError } from './errors.ts';

export type TarKind = 'file' | 'directory' | 'symlink' | 'hardlink' | 'other';

export interface TarEntry {
  /** As written, without a slash at its end. */
  path: string;
  kind: TarKind;
  /** Permissions. */
  mode: number;
  uid: number;
  gid: number;
  sizeBytes: number;
  modifiedAt: Date;
  /** Of links. */
  linkTarget: string;
}

const BLOCK = 512;
/** Of the headers that extend another one: a name, a link, some attributes. */
const MAX_EXTENSION_BYTES = 1024 * 1024;

const kinds: Record<string, TarKind> = {
  '\0': 'file',
  '0': 'file',
  '7': 'file',
  '1': 'hardlink',
  '2': 'symlink',
  '5': 'directory',
};
const types: Record<TarKind, string> = { file: '0', hardlink: '1', symlink: '2', directory: '5', other: '0' };

const broken = (why: string) => new AppError('invalid', `The archive is no tar: ${why}`);

export interface ReadEntry {
  entry: TarEntry;
  /** What is not read of it is skipped when the next entry is asked for. */
  content: AsyncIterable<Uint8Array>;
}

/** Entries in their order; each is to be read before the next. Throws invalid for what is no tar, or ends too early. */
export async function* readTar(source: AsyncIterable<Uint8Array>): AsyncGenerator<ReadEntry, void, void> {
  const bytes = new ByteReader(source);
  try {
    let extension: Extension = {};
    for (;;) {
      const header = await bytes.take(BLOCK);
      if (header === null || header.every((byte) => byte === 0)) break;
      checkSum(header);
      const type = String.fromCharCode(header[156] ?? 0);
      const size = extension.sizeBytes ?? numberAt(header, 124, 12);
      const padding = (BLOCK - (size % BLOCK)) % BLOCK;
      if (type === 'x' || type === 'g' || type === 'L' || type === 'K') {
        if (size > MAX_EXTENSION_BYTES) throw broken('a header is too long');
        const text = await bytes.take(size + padding);
        if (text === null) throw broken('it ends too early');
        if (type !== 'g') extension = { ...extension, ...readExtension(type, text.subarray(0, size)) };
        continue;
      }
      let left = size;
      const content = (async function* () {
        while (left > 0) {
          const chunk = await bytes.some(left);
          if (chunk === null) throw broken('it ends too early');
          left -= chunk.length;
          yield chunk;
        }
      })();
      yield { entry: { ...entryOf(header, type), ...extension, sizeBytes: size }, content };
      while (left > 0) {
        const skipped = await bytes.some(left);
        if (skipped === null) throw broken('it ends too early');
        left -= skipped.length;
      }
      // The docker CLI ends a context whose Dockerfile it adds with the last byte of the last file.
      if (padding > 0 && (await bytes.take(padding)) === null) break;
      extension = {};
    }
    await bytes.drain();
  } finally {
    await bytes.close();
  }
}

type Extension = Partial<Pick<TarEntry, 'path' | 'linkTarget' | 'sizeBytes'>>;

function readExtension(type: string, data: Uint8Array): Extension {
  const text = Buffer.from(data).toString();
  if (type === 'L') return { path: trimmed(text.split('\0')[0] ?? '') };
  if (type === 'K') return { linkTarget: text.split('\0')[0] ?? '' };
  const found: Extension = {};
  for (let rest = Buffer.from(data); rest.length > 0; ) {
    const length = Number(/^(\d{1,9}) /.exec(rest.subarray(0, 10).toString('latin1'))?.[1] ?? 0);
    if (length < 5 || length > rest.length) throw broken('a header cannot be read');
    const record = rest.subarray(0, length - 1).toString();
    const [, key, value = ''] = /^\d+ ([^=]+)=([\s\S]*)$/.exec(record) ?? [];
    if (key === 'path') found.path = trimmed(value);
    else if (key === 'linkpath') found.linkTarget = value;
    else if (key === 'size') found.sizeBytes = count(Number(value));
    rest = rest.subarray(length);
  }
  return found;
}

function entryOf(header: Buffer, type: string): TarEntry {
  const prefix = header.subarray(257, 262).toString('latin1') === 'ustar' ? textAt(header, 345, 155) : '';
  const name = textAt(header, 0, 100);
  return {
    path: trimmed(prefix === '' ? name : `${prefix}/${name}`),
    kind: name.endsWith('/') && (type === '0' || type === '\0') ? 'directory' : (kinds[type] ?? 'other'),
    mode: numberAt(header, 100, 8) & 0o7777,
    uid: numberAt(header, 108, 8),
    gid: numberAt(header, 116, 8),
    sizeBytes: 0,
    modifiedAt: new Date(numberAt(header, 136, 12) * 1000),
    linkTarget: textAt(header, 157, 100),
  };
}

const trimmed = (path: string): string => path.replace(/\/+$/, '') || (path.startsWith('/') ? '/' : '.');

function textAt(header: Buffer, start: number, length: number): string {
  const field = header.subarray(start, start + length);
  const end = field.indexOf(0);
  return field.subarray(0, end === -1 ? length : end).toString();
}

/** Octal text, or, where its first bit is set, binary. */
function numberAt(header: Buffer, start: number, length: number): number {
  if (((header[start] ?? 0) & 0x80) !== 0) return count(header.readUIntBE(start + length - 6, 6));
  const text = textAt(header, start, length).trim();
  if (text === '') return 0;
  if (!/^[0-7]+$/.test(text)) throw broken('a header cannot be read');
  return count(Number.parseInt(text, 8));
}

function count(value: number): number {
  if (!Number.isSafeInteger(value) || value < 0) throw broken('a number is out of bounds');
  return value;
}

function checkSum(header: Buffer): void {
  let sum = 8 * 0x20;
  for (let at = 0; at < BLOCK; at++) if (at < 148 || at >= 156) sum += header[at] ?? 0;
  if (sum !== numberAt(header, 148, 8)) throw broken('a checksum is wrong');
}

/** The blocks that go before an entry's content. */
export function tarHeader(entry: TarEntry): Uint8Array {
  const name = entry.kind === 'directory' ? `${entry.path}/` : entry.path;
  const size = entry.kind === 'file' ? entry.sizeBytes : 0;
  const plain = Buffer.byteLength(name) <= 100 && Buffer.byteLength(entry.linkTarget) <= 100 && size < 8 ** 11;
  const header = block(name, types[entry.kind], plain ? size : size % 8 ** 11, entry);
  if (plain) return header;
  const records = Buffer.from(
    record('path', name) + record('linkpath', entry.linkTarget) + record('size', String(size)),
  );
  return Buffer.concat([
    block('pax', 'x', records.length, { ...entry, linkTarget: '' }),
    records,
    tarPadding(records.length),
    header,
  ]);
}

function block(name: string, type: string, size: number, entry: TarEntry): Buffer {
  const header = Buffer.alloc(BLOCK);
  const octal = (value: number, at: number, length: number) =>
    header.write(
      value
        .toString(8)
        .padStart(length - 1, '0')
        .slice(1 - length),
      at,
      'latin1',
    );
  header.write(name, 0, 100);
  octal(entry.mode, 100, 8);
  octal(entry.uid, 108, 8);
  octal(entry.gid, 116, 8);
  octal(size, 124, 12);
  octal(Math.floor(entry.modifiedAt.getTime() / 1000), 136, 12);
  header.write(' '.repeat(8), 148, 'latin1');
  header.write(type, 156, 'latin1');
  header.write(entry.linkTarget, 157, 100);
  header.write('ustar\x0000', 257, 'latin1');
  octal(
    header.reduce((sum, byte) => sum + byte, 0),
    148,
    7,
  );
  header[155] = 0x20;
  return header;
}

/** `length key=value\n`, the length counting its own digits. */
function record(key: string, value: string): string {
  const rest = ` ${key}=${value}\n`;
  const bytes = Buffer.byteLength(rest);
  const digits = String(bytes + String(bytes).length).length;
  return `${bytes + digits}${rest}`;
}

/** What fills the last block of a content. */
export const tarPadding = (sizeBytes: number): Uint8Array => Buffer.alloc((BLOCK - (sizeBytes % BLOCK)) % BLOCK);

/** What ends an archive. */
export const tarEnd = (): Uint8Array => Buffer.alloc(2 * BLOCK);

/** Bytes by count out of chunks of any size. */
class ByteReader {
  readonly #source: AsyncIterator<Uint8Array>;
  #rest: Buffer = Buffer.alloc(0);

  constructor(source: AsyncIterable<Uint8Array>) {
    this.#source = source[Symbol.asyncIterator]();
  }

  /** Exactly so many; null at the end. Throws when the source ends in between. */
  async take(length: number): Promise<Buffer | null> {
    const parts: Buffer[] = [];
    let missing = length;
    while (missing > 0) {
      const part = await this.some(missing);
      if (part === null && missing === length) return null;
      if (part === null) throw broken('it ends too early');
      parts.push(part);
      missing -= part.length;
    }
    return parts.length === 1 && parts[0] ? parts[0] : Buffer.concat(parts);
  }

  /** At least one and at most so many; null at the end. */
  async some(most: number): Promise<Buffer | null> {
    while (this.#rest.length === 0) {
      const { done, value } = await this.#source.next();
      if (done) return null;
      this.#rest = Buffer.from(value.buffer, value.byteOffset, value.byteLength);
    }
    const part = this.#rest.subarray(0, most);
    this.#rest = this.#rest.subarray(part.length);
    return part;
  }

  /** Reads on to the source's end: whoever sends it waits for that. */
  async drain(): Promise<void> {
    this.#rest = Buffer.alloc(0);
    for (let step = await this.#source.next(); !step.done; ) step = await this.#source.next();
  }

  async close(): Promise<void> {
    await this.#source.return?.();
  }
}
