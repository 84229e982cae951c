/**
 * Uploads on their way through: files in a private folder that goes with its user, and a limit to all that they hold together.
 * Nothing of an upload is ever in memory as a whole.
 */
import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { mkdtemp, open, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { AppError } from '../domain/errors.ts';

export interface SpooledFile {
  path: string;
  size: number;
  /** Of its content, in hex. */
  sha256: string;
}

export interface Spool extends AsyncDisposable {
  /** Throws too_large when the folder would hold more than it may. */
  keep(source: AsyncIterable<Uint8Array>): Promise<SpooledFile>;
  /** The same, as long as it is not longer than all that may be held: for what is read and not kept. */
  within(source: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array, void, void>;
  /** Makes room. */
  drop(file: SpooledFile): Promise<void>;
}

const MiB = 1024 * 1024;
const ROOM_FOR_HEADERS = 32 * MiB;

export async function openSpool(limitBytes: number): Promise<Spool> {
  const folder = await mkdtemp(join(tmpdir(), 'longshore-upload-'));
  let count = 0;
  let held = 0;
  return {
    async keep(source) {
      count += 1;
      const path = join(folder, String(count));
      const hash = createHash('sha256');
      let size = 0;
      await using file = await open(path, 'wx', 0o600);
      for await (const chunk of source) {
        size += chunk.byteLength;
        held += chunk.byteLength;
        if (held > limitBytes) throw tooLarge(limitBytes);
        hash.update(chunk);
        await file.appendFile(chunk);
      }
      return { path, size, sha256: hash.digest('hex') };
    },
    async *within(source) {
      let size = 0;
      for await (const chunk of source) {
        size += chunk.byteLength;
        if (size > limitBytes + ROOM_FOR_HEADERS) throw tooLarge(limitBytes);
        yield chunk;
      }
    },
    async drop({ path, size }) {
      await rm(path, { force: true });
      held -= size;
    },
    [Symbol.asyncDispose]: () => rm(folder, { recursive: true, force: true }),
  };
}

export function readSpooled({ path }: SpooledFile): AsyncIterable<Uint8Array> {
  return createReadStream(path, { highWaterMark: 256 * 1024 });
}

/** For files that are small by their nature. Throws invalid when this one is not. */
export async function readSmall({ path, size }: SpooledFile, what: string): Promise<Buffer> {
  if (size > 4 * MiB) throw new AppError('invalid', `${what} is longer than 4 MiB`);
  return readFile(path);
}

const tooLarge = (limitBytes: number) =>
  new AppError('too_large', `An upload may hold at most ${Math.floor(limitBytes / MiB)} MiB, unpacked`);
