/** Files of a running container, as tars that its own tar writes. What does not run has no files here. */
import { posix } from 'node:path';
import type { PathStat } from '../../../domain/container-files.ts';
import { AppError } from '../../../domain/errors.ts';
import { readTar, type TarEntry } from '../../../domain/tar.ts';
import type { CallOptions, Session } from '../../provider.ts';
import type { Site } from '../site.ts';
import type { ExecTarget } from './exec.ts';
import { openScript, runScript } from './one-shot.ts';

/** Codes of our scripts, which tar does not have. */
export const codes = { missing: 44, misplaced: 45, noTar: 46, occupied: 47 };
/** Of the header of one entry, its long names included. */
const headerBytes = 16_384;

/** Ends unless there is something at `$1`; then it is `$n` of the folder where the script goes on. */
export const find = [
  `command -v tar >/dev/null || exit ${codes.noTar}`,
  'p=$1; if [ ! -e "$p" ] && [ ! -L "$p" ]; then',
  `while [ "$p" != / ]; do p=\${p%/*}; p=\${p:-/}; if [ -e "$p" ]; then [ -d "$p" ] && exit ${codes.missing}; exit ${codes.misplaced}; fi; done; fi`,
  `if [ "$p" = / ]; then d=/; n=.; else d=\${p%/*}; n=\${p##*/}; fi; cd "\${d:-/}" || exit ${codes.misplaced}`,
].join('\n');

/** By the header that tar gives it. Throws not_found and invalid for the path, unsupported without tar. */
export async function statPath(site: Site, target: ExecTarget, path: string, options: CallOptions): Promise<PathStat> {
  const script = `${find}\ntar -cf - --no-recursion -- "$n" 2>/dev/null | head -c ${headerBytes}`;
  const { code, stdout } = await runScript(site, target, { script, words: [absolute(path)] }, options);
  refuse(code, path);
  for await (const { entry } of readTar(once(stdout))) return statOf(entry, path);
  throw new AppError('internal', 'The container says nothing about the path');
}

/** A tar of what is there. Ends with an error when it breaks off: half a tar must not pass for a whole one. */
export async function readFiles(
  site: Site,
  target: ExecTarget,
  path: string,
  options: CallOptions,
): Promise<AsyncIterable<Uint8Array>> {
  const script = `${find}\nexec tar -cf - -- "$n"`;
  return contentOf(await openScript(site, target, { script, words: [absolute(path)] }, options), options);
}

export async function* contentOf(session: Session, { signal }: CallOptions): AsyncGenerator<Uint8Array, void, void> {
  for await (const { stream, data } of session.output) if (stream === 'stdout') yield data;
  const code = await session.exit;
  if (signal.aborted) throw new AppError('timeout', 'The files were not read in time');
  if (code === codes.noTar) throw noTar();
  if (code !== 0) throw new AppError('unavailable', 'The container broke off its files');
}

export function refuse(code: number, path: string): void {
  if (code === codes.missing) {
    throw new AppError('not_found', `No such path in the container: ${path}`, { details: { path } });
  }
  if (code === codes.misplaced) throw new AppError('invalid', `Not a folder in the container: ${path}`);
  if (code === codes.noTar) throw noTar();
  if (code === codes.occupied) {
    throw new AppError('invalid', `A folder and something else would replace each other in the container: ${path}`);
  }
}

const noTar = () => new AppError('unsupported', 'The image lacks tar, which files need here');

function statOf(entry: TarEntry, path: string): PathStat {
  const kinds: Partial<Record<TarEntry['kind'], number>> = { directory: 2 ** 31, symlink: 2 ** 27, other: 2 ** 26 };
  return {
    name: posix.basename(absolute(path)) || '/',
    sizeBytes: entry.sizeBytes,
    mode: (kinds[entry.kind] ?? 0) + (entry.mode & 0o777),
    modifiedAt: entry.modifiedAt,
    linkTarget: entry.linkTarget,
  };
}

export const absolute = (path: string): string => posix.resolve('/', path);

async function* once(bytes: Uint8Array): AsyncGenerator<Uint8Array, void, void> {
  yield bytes;
}
