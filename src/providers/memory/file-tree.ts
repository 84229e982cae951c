/** The pretended file system of a run or an image: entries by their absolute path. Links never lead out of it. */
import { AppError } from '../../domain/errors.ts';

export interface MemoryFile {
  readonly kind: 'file' | 'directory' | 'symlink';
  readonly mode: number;
  readonly uid: number;
  readonly gid: number;
  readonly modifiedAt: Date;
  readonly data: Uint8Array;
  readonly linkTarget: string;
}

/** Entries are replaced, never changed: two trees may share them. */
export type FileTree = Map<string, MemoryFile>;

const longestChain = 40;
const empty = new Uint8Array();

export function directory(modifiedAt: Date, mode = 0o755): MemoryFile {
  return { kind: 'directory', mode, uid: 0, gid: 0, modifiedAt, data: empty, linkTarget: '' };
}

/** What every pretended image begins with. */
export function emptyRoot(): FileTree {
  const madeAt = new Date('2026-01-01T00:00:00.000Z');
  const folders = ['/', '/bin', '/etc', '/root', '/var'].map((path) => [path, directory(madeAt)] as const);
  return new Map([...folders, ['/tmp', directory(madeAt, 0o1777)]]);
}

export const nameOf = (path: string): string => path.slice(path.lastIndexOf('/') + 1) || '/';
export const parentOf = (path: string): string => path.slice(0, path.lastIndexOf('/')) || '/';
export const childOf = (parent: string, name: string): string => (parent === '/' ? `/${name}` : `${parent}/${name}`);

/**
 * The path with all links on its way followed, and the last one as well if asked for; `..` stops at the root. Throws invalid
 * where a file is taken for a directory. Whether the end exists is not looked at.
 */
export function resolvePath(tree: FileTree, path: string, followLast: boolean): string {
  let left = path.split('/');
  let at = '/';
  for (let links = 0; left.length > 0; ) {
    const [part = '', ...rest] = left;
    left = rest;
    if (part === '' || part === '.') continue;
    if (part === '..') {
      at = parentOf(at);
      continue;
    }
    const next = childOf(at, part);
    const found = tree.get(next);
    const isLast = left.every((each) => each === '');
    if (found?.kind === 'symlink' && (!isLast || followLast || left.length > 0)) {
      links += 1;
      if (links > longestChain) throw new AppError('invalid', `Too many links: ${path}`);
      left = [...found.linkTarget.split('/'), ...left];
      if (found.linkTarget.startsWith('/')) at = '/';
      continue;
    }
    if (found?.kind === 'file' && left.length > 0) {
      throw new AppError('invalid', `Not a directory in the container: ${path}`);
    }
    at = next;
  }
  return at;
}

/** With everything below it; the nearest first. */
export function within(tree: FileTree, path: string): [string, MemoryFile][] {
  const prefix = path === '/' ? '/' : `${path}/`;
  return [...tree].filter(([each]) => each === path || each.startsWith(prefix)).sort(([a], [b]) => (a < b ? -1 : 1));
}
