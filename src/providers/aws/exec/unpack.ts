/** Files into a running container, as a tar that its own tar reads: the head by the session, the rest in pieces through the bucket where it can. */
import { AppError } from '../../../domain/errors.ts';
import { readTar, type TarEntry } from '../../../domain/tar.ts';
import type { PutOptions } from '../../provider.ts';
import { objectFolder } from '../object-folder.ts';
import type { Site } from '../site.ts';
import { answersOf } from './answers.ts';
import { absolute, find } from './archive.ts';
import { brokenOff, codes, refuse } from './codes.ts';
import type { ExecTarget } from './exec.ts';
import { type Incoming, sendLarge } from './incoming.ts';
import { openScript } from './one-shot.ts';
import { headBytes, unpacking } from './piecewise.ts';

/**
 * Goes to the folder `$1`, reads a line for each entry to come, then the tar. A folder and what is none would not replace each other
 * the same way with every tar: that is done here first, or, with `$2`, refused. `$3`: there is more than the head.
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
  unpacking,
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
  const words = [absolute(path), options.noOverwriteDirNonDir ? 'refuse' : '', rest ? 'large' : ''];
  const session = await openScript(site, target, { script: unpack, words, stdin: true }, options);
  const { tenantId } = target;
  const folder = objectFolder(site, { kind: 'transfers', tenantId, id: site.ids.hex64().slice(0, 32) });
  const over = new AbortController();
  const signal = AbortSignal.any([options.signal, over.signal]);
  const answers = answersOf(session, options);
  const failed: { error?: unknown } = {};
  const sending = send(
    { session, answers, folder, options: { ...options, signal } },
    linesOf(entries),
    head,
    rest,
  ).catch((error: unknown) => {
    failed.error = error;
    session.close();
  });
  try {
    const { code, stderr } = await answers.end;
    refuse(code, path);
    if (code === codes.broken) throw brokenOff(reasonIn(stderr));
    if (code !== 0) throw new AppError('invalid', 'The archive cannot be unpacked', { cause: reasonIn(stderr) });
    await sending;
    if (failed.error !== undefined) throw failed.error;
  } catch (error) {
    throw failed.error ?? error;
  } finally {
    over.abort();
    await folder.clean();
  }
}

/** A URL there opens an object to whoever reads the log. */
const reasonIn = (stderr: string): Error => new Error(stderr.replaceAll(/https?:\/\/\S+/g, 'a URL'));

interface Ahead {
  /** Held in memory to know what is in it before it is sent. */
  head: Buffer;
  /** Null when the head is all. */
  rest: AsyncIterable<Uint8Array> | null;
  /** Those that begin in the head. */
  entries: TarEntry[];
}

async function readAhead(tar: AsyncIterable<Uint8Array>, { signal }: PutOptions): Promise<Ahead> {
  const source = tar[Symbol.asyncIterator]();
  const chunks: Uint8Array[] = [];
  let size = 0;
  let isWhole = false;
  while (size <= headBytes && !isWhole) {
    if (signal.aborted) throw new AppError('timeout', 'The files were not sent in time');
    const { done, value } = await source.next();
    isWhole = done === true;
    if (done) break;
    chunks.push(value);
    size += value.length;
  }
  const bytes = Buffer.concat(chunks);
  const head = bytes.subarray(0, headBytes);
  const entries = await entriesIn(head, isWhole);
  return { head, rest: isWhole ? null : from(bytes.subarray(headBytes), source), entries };
}

async function* from(first: Uint8Array, source: AsyncIterator<Uint8Array>): AsyncGenerator<Uint8Array, void, void> {
  yield first;
  yield* { [Symbol.asyncIterator]: () => source };
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
async function send(
  incoming: Omit<Incoming, 'head' | 'rest'>,
  lines: Buffer,
  head: Buffer,
  rest: Ahead['rest'],
): Promise<void> {
  const { session } = incoming;
  try {
    await session.write(lines);
    if (rest) await sendLarge({ ...incoming, head, rest });
    else await session.write(head);
    await session.endInput();
  } catch (error) {
    if (!(error instanceof AppError && error.code === 'conflict')) throw error;
  }
}

async function* once(bytes: Uint8Array): AsyncGenerator<Uint8Array, void, void> {
  yield bytes;
}
