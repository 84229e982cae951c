/**
 * The files of a build, unpacked once to find the Dockerfile and packed again for the provider with what was made of it. The files
 * themselves stay as they are.
 */
import { AppError } from '../domain/errors.ts';
import { isIgnored } from '../domain/ignore-patterns.ts';
import type { ReadEntry } from '../domain/tar.ts';
import { type PackedEntry, packTar, safePath, tarEntries, uncompressed, wholeFile } from './archive-stream.ts';
import { LONGEST_DOCKERFILE } from './dockerfile.ts';
import { readSpooled, type Spool, type SpooledFile } from './spool.ts';

export interface BuildContext {
  dockerfile: string;
  /** The files and this text as the Dockerfile, at `dockerfilePath`, where no step can see it. */
  pack(dockerfile: string): AsyncIterable<Uint8Array>;
}

/** No file may have this name. It is the same for all builds: steps that see it are found again by the next one. */
export const dockerfilePath = '.longshore.dockerfile';
const ignorePath = '.dockerignore';
/** Patterns are looked for in it, in a time that grows with both. */
const LONGEST_PATH = 255;

/** Throws invalid for what is no tar, has no such Dockerfile, or has devices in it; too_large. */
export async function openContext(
  spool: Spool,
  upload: AsyncIterable<Uint8Array>,
  wantedPath: string,
): Promise<BuildContext> {
  const path = safePath(wantedPath);
  if (path.length > LONGEST_PATH)
    throw new AppError('invalid', `The path of a Dockerfile has at most ${LONGEST_PATH} characters`);
  const tar = await spool.keep(uncompressed(upload));
  const found = await scan(tar, path);
  return {
    dockerfile: found.dockerfile,
    pack: (text) => packTar(entriesOf(tar, text, found)),
  };
}

interface Scanned {
  /** Where the Dockerfile was. */
  path: string;
  dockerfile: string;
  ignore: string | null;
}

async function scan(tar: SpooledFile, path: string): Promise<Scanned> {
  const texts = new Map<string, string>();
  for await (const read of tarEntries(readSpooled(tar))) {
    const { path: name, kind } = read.entry;
    if (name === dockerfilePath) throw new AppError('invalid', `No file of a build may be called ${name}`);
    if (kind === 'other') {
      throw new AppError('invalid', `The build context has something in it that is no file: ${name}`);
    }
    const wanted = name === path || name === ignorePath || (path === 'Dockerfile' && name === 'dockerfile');
    if (wanted) texts.set(name, await textOf(read));
  }
  const foundPath = path === 'Dockerfile' && !texts.has(path) ? 'dockerfile' : path;
  const dockerfile = texts.get(foundPath);
  if (dockerfile === undefined) throw new AppError('invalid', `Cannot locate specified Dockerfile: ${path}`);
  if (dockerfile.trim() === '') throw new AppError('invalid', `The Dockerfile (${path}) cannot be empty`);
  return { path: foundPath, dockerfile, ignore: texts.get(ignorePath) ?? null };
}

async function textOf({ entry: { path, kind, sizeBytes }, content }: ReadEntry): Promise<string> {
  if (kind !== 'file') throw new AppError('invalid', `${path} must be a file, not a link to one`);
  if (sizeBytes > LONGEST_DOCKERFILE) throw new AppError('invalid', `${path} is longer than 64 KiB`);
  const chunks: Uint8Array[] = [];
  for await (const chunk of content) chunks.push(chunk);
  return Buffer.concat(chunks).toString();
}

/** Clients take files out as `.dockerignore` says, but for the Dockerfile and itself: those the builder takes out, where it knows them. */
async function* entriesOf(
  tar: SpooledFile,
  dockerfile: string,
  { path, ignore }: Scanned,
): AsyncGenerator<PackedEntry, void, void> {
  for await (const read of tarEntries(readSpooled(tar))) {
    const { path: name } = read.entry;
    const isOut = name === path && ignore !== null && isIgnored(path, ignore);
    if (name !== ignorePath && name !== '' && !isOut) yield read;
  }
  const ignored = ignore === null ? `${dockerfilePath}\n${ignorePath}\n` : `${ignore.trimEnd()}\n${dockerfilePath}\n`;
  yield wholeFile(ignorePath, Buffer.from(ignored));
  yield wholeFile(dockerfilePath, Buffer.from(dockerfile));
}
