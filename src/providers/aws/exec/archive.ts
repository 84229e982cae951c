/** Files of a running container, as tars that its own tar writes. What does not run has no files here. */
import { posix } from 'node:path';
import type { PathStat } from '../../../domain/container-files.ts';
import { AppError } from '../../../domain/errors.ts';
import { readTar, type TarEntry } from '../../../domain/tar.ts';
import type { CallOptions } from '../../provider.ts';
import type { Site } from '../site.ts';
import { codes, refuse } from './codes.ts';
import type { ExecTarget } from './exec.ts';
import { runScript } from './one-shot.ts';
import { openPacking } from './outgoing.ts';

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

/** A tar of what is there. Ends with an error when it breaks off. */
export function readFiles(
  site: Site,
  target: ExecTarget,
  path: string,
  options: CallOptions,
): Promise<AsyncIterable<Uint8Array>> {
  return openPacking(site, target, { script: find, producer: 'exec tar -cf - -- "$n"', path: absolute(path) }, options);
}

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
