/** Files into a running container, as a tar that its own tar reads. */
import { AppError } from '../../../domain/errors.ts';
import { readTar, type TarEntry } from '../../../domain/tar.ts';
import type { PutOptions, Session } from '../../provider.ts';
import type { Site } from '../site.ts';
import { absolute, codes, find, refuse } from './archive.ts';
import type { ExecTarget } from './exec.ts';
import { openScript, whole } from './one-shot.ts';

/**
 * Goes to the folder `$1`, reads a line for each entry to come, then the tar. A folder and what is none would not replace each other
 * the same way with every tar: that is done here first, or, with `$2`, refused.
 */
const unpack = [
  find,
  `[ -d "$n" ] || exit ${codes.misplaced}`,
  `cd "$n" || exit ${codes.misplaced}`,
  `while IFS= read -r l && [ "$l" != . ]; do k=\${l%% *} q=\${l#* }`,
  `case $q in *\\\\*) q=$(printf "%b_" "$q"); q=\${q%_};; esac`,
  'if [ -d "$q" ]; then [ "$k" = d ] && continue; [ -L "$q" ] && continue',
  'elif [ "$k" != d ] || { [ ! -e "$q" ] && [ ! -L "$q" ]; }; then continue; fi',
  `[ -z "$2" ] || exit ${codes.occupied}`,
  'rm -rf -- "$q" || exit 1; done',
  'exec tar -xpf -',
].join('\n');

/** Throws invalid for what is no tar, or no folder. What broke off half-way stays half done. */
export async function writeFiles(
  site: Site,
  target: ExecTarget,
  path: string,
  tar: AsyncIterable<Uint8Array>,
  options: PutOptions,
): Promise<void> {
  const { head, rest, entries } = await readAhead(tar, options);
  const words = [absolute(path), options.noOverwriteDirNonDir ? 'refuse' : ''];
  const session = await openScript(site, target, { script: unpack, words, stdin: true }, options);
  const sending = send(session, linesOf(entries), head, rest);
  const { code, stderr } = await whole(session, options);
  refuse(code, path);
  if (code !== 0) throw new AppError('invalid', 'The archive cannot be unpacked', { cause: new Error(stderr) });
  await sending;
}

/** Of a tar, held in memory to know what is in it before it is sent. */
const aheadBytes = 8 * 1024 * 1024;

interface Ahead {
  head: Buffer;
  rest: AsyncIterable<Uint8Array>;
  /** Those that begin in the head. */
  entries: TarEntry[];
}

async function readAhead(tar: AsyncIterable<Uint8Array>, { signal }: PutOptions): Promise<Ahead> {
  const source = tar[Symbol.asyncIterator]();
  const chunks: Uint8Array[] = [];
  let size = 0;
  let isWhole = false;
  while (size < aheadBytes && !isWhole) {
    if (signal.aborted) throw new AppError('timeout', 'The files were not sent in time');
    const { done, value } = await source.next();
    isWhole = done === true;
    if (done) break;
    chunks.push(value);
    size += value.length;
  }
  const head = Buffer.concat(chunks);
  return { head, rest: { [Symbol.asyncIterator]: () => source }, entries: await entriesIn(head, isWhole) };
}

async function entriesIn(head: Buffer, isWhole: boolean): Promise<TarEntry[]> {
  const entries: TarEntry[] = [];
  try {
    for await (const { entry } of readTar(once(head))) entries.push(entry);
  } catch (error) {
    if (isWhole) throw error;
  }
  return entries;
}

/** One that would lead out is refused by every tar. */
function linesOf(entries: TarEntry[]): Buffer {
  const lines = entries
    .map(({ path, kind }) => ({ path: path.replace(/^(?:\.?\/)+/, ''), kind }))
    .filter(({ path }) => path !== '' && path !== '.' && !path.split('/').includes('..'))
    .map(({ path, kind }) => `${kind === 'directory' ? 'd' : 'f'} ./${escaped(path)}`);
  return Buffer.from([...lines, '.', ''].join('\n'));
}

/** As `printf %b` reads it; what is usual in names stays as it is. */
const escaped = (path: string): string =>
  [...Buffer.from(path)]
    .map((byte) => {
      const text = String.fromCharCode(byte);
      return /[A-Za-z0-9._/+@~-]/.test(text) ? text : `\\0${byte.toString(8).padStart(3, '0')}`;
    })
    .join('');

/** Throws what the tar's own source has against it; a container that takes no more says why by its code. */
async function send(session: Session, ...parts: (Uint8Array | AsyncIterable<Uint8Array>)[]): Promise<void> {
  try {
    for (const part of parts) {
      if (part instanceof Uint8Array) await session.write(part);
      else for await (const chunk of part) await session.write(chunk);
    }
    await session.endInput();
  } catch (error) {
    if (error instanceof AppError && error.code === 'conflict') return;
    session.close();
    throw error;
  }
}

async function* once(bytes: Uint8Array): AsyncGenerator<Uint8Array, void, void> {
  yield bytes;
}
