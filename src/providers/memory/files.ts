/** What the port does with the files of a run: look, take, put, compare, export. */
import { posix } from 'node:path';
import type { ContainerSizes, PathChange, PathStat } from '../../domain/container-files.ts';
import { AppError } from '../../domain/errors.ts';
import { readTar, type TarEntry, tarEnd, tarHeader, tarPadding } from '../../domain/tar.ts';
import type { PutOptions, RunRef } from '../provider.ts';
import {
  childOf,
  directory,
  type FileTree,
  type MemoryFile,
  nameOf,
  parentOf,
  resolvePath,
  within,
} from './file-tree.ts';
import { getRun, type MemoryRun, type MemoryWorld } from './world.ts';

const goBits = { file: 0, directory: 2 ** 31, symlink: 2 ** 27 };

function getFile(run: MemoryRun, path: string): { at: string; file: MemoryFile } {
  const at = resolvePath(run.files, clean(path), path.endsWith('/'));
  const file = run.files.get(at);
  if (!file) throw missing(path);
  return { at, file };
}

/** `..` takes back what is written before it, whether that is a link or not, as Docker does. */
const clean = (path: string): string => posix.normalize(`/${path}`);

const missing = (path: string) =>
  new AppError('not_found', `No such path in the container: ${path}`, { details: { path } });

export function statPath(world: MemoryWorld, ref: RunRef, path: string): PathStat {
  const run = getRun(world, ref);
  const { at, file } = getFile(run, path);
  const sticky = (file.mode & 0o1000) !== 0 ? 2 ** 20 : 0;
  return {
    name: nameOf(at),
    sizeBytes: file.data.length,
    mode: goBits[file.kind] + sticky + (file.mode & 0o777),
    modifiedAt: file.modifiedAt,
    linkTarget: file.kind === 'symlink' ? resolvePath(run.files, at, true) : '',
  };
}

export function getArchive(world: MemoryWorld, ref: RunRef, path: string) {
  const run = getRun(world, ref);
  const { at } = getFile(run, path);
  const name = nameOf(at);
  const entries = within(run.files, at).map(([each, file]) => [name + each.slice(at.length), file] as const);
  const named = at === '/' ? within(run.files, at).map(([each, file]) => [`.${each}`, file] as const) : entries;
  return { stat: statPath(world, ref, path), content: tarOf(named) };
}

export function exportRun(world: MemoryWorld, ref: RunRef): AsyncIterable<Uint8Array> {
  const entries = within(getRun(world, ref).files, '/').filter(([path]) => path !== '/');
  return tarOf(entries.map(([path, file]) => [path.slice(1), file]));
}

async function* tarOf(entries: readonly (readonly [string, MemoryFile])[]): AsyncGenerator<Uint8Array, void> {
  for (const [path, { data, ...file }] of entries) {
    yield tarHeader({ ...file, path, sizeBytes: data.length });
    if (data.length > 0) yield data;
    if (data.length % 512 > 0) yield tarPadding(data.length);
  }
  yield tarEnd();
}

export async function putArchive(
  world: MemoryWorld,
  ref: RunRef,
  path: string,
  tar: AsyncIterable<Uint8Array>,
  { noOverwriteDirNonDir, signal }: PutOptions,
): Promise<void> {
  const run = getRun(world, ref);
  const target = resolvePath(run.files, clean(path), true);
  const found = run.files.get(target);
  if (!found) throw missing(path);
  if (found.kind !== 'directory') throw new AppError('invalid', `Not a directory in the container: ${path}`);
  if (run.input.spec.readonlyRoot) throw new AppError('forbidden', 'Nothing can be written there: it is read-only');
  for await (const { entry, content } of readTar(tar)) {
    signal.throwIfAborted();
    const chunks: Uint8Array[] = [];
    for await (const chunk of content) chunks.push(Uint8Array.from(chunk));
    place(run.files, target, entry, Buffer.concat(chunks), noOverwriteDirNonDir);
  }
}

function place(tree: FileTree, target: string, entry: TarEntry, data: Uint8Array, noOverwrite: boolean): void {
  const parts = entry.path.split('/').filter((part) => part !== '' && part !== '.');
  const name = parts.pop();
  if (name === undefined || name === '..' || entry.kind === 'other') return;
  const parent = resolvePath(tree, [target, ...parts].join('/'), true);
  addFolders(tree, parent, entry.modifiedAt);
  const at = childOf(parent, name);
  const before = tree.get(at);
  const isFolder = entry.kind === 'directory';
  if (before && (before.kind === 'directory') !== isFolder) {
    const what = isFolder
      ? 'A directory cannot replace what is none'
      : 'A directory cannot be replaced by what is none';
    if (noOverwrite) throw new AppError('invalid', what);
    for (const [each] of within(tree, at)) tree.delete(each);
  }
  const { mode, uid, gid, modifiedAt, linkTarget } = entry;
  if (entry.kind === 'hardlink') {
    const linked = tree.get(resolvePath(tree, childOf(target, linkTarget), true));
    if (!linked) throw new AppError('invalid', 'The archive cannot be unpacked');
    tree.set(at, linked);
  } else tree.set(at, { kind: entry.kind, mode, uid, gid, modifiedAt, linkTarget, data });
  const folder = tree.get(parent);
  if (folder && !before) tree.set(parent, { ...folder });
}

function addFolders(tree: FileTree, path: string, madeAt: Date): void {
  if (tree.has(path)) return;
  addFolders(tree, parentOf(path), madeAt);
  tree.set(path, directory(madeAt));
}

export function changesOf(world: MemoryWorld, ref: RunRef): PathChange[] {
  const { files, base } = getRun(world, ref);
  const found: PathChange[] = [];
  for (const [path, file] of files) {
    const before = base.get(path);
    if (before !== file) found.push({ path, kind: before ? 'modified' : 'added' });
  }
  for (const path of base.keys()) if (!files.has(path)) found.push({ path, kind: 'deleted' });
  return found.sort((a, b) => (a.path < b.path ? -1 : 1));
}

export function sizesOf(world: MemoryWorld, ref: RunRef): ContainerSizes {
  const run = getRun(world, ref);
  const writableBytes = changesOf(world, ref).reduce(
    (sum, { path }) => sum + (run.files.get(path)?.data.length ?? 0),
    0,
  );
  const image = world.images.get(run.input.imageId)?.details.sizeBytes ?? 0;
  return { writableBytes, rootBytes: image + writableBytes };
}
