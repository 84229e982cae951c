/** Files of a run, started or not: read, written, compared and exported as tars that pass through unread. */
import { z } from 'zod';
import type { ContainerSizes, PathChange, PathStat } from '../../domain/container-files.ts';
import { AppError, hasCode } from '../../domain/errors.ts';
import type { ArchivePort, CallOptions, PutOptions, RunRef } from '../provider.ts';
import { type EngineAnswer, type EngineRequest, type Site, safeName } from './client.ts';
import { type Subject, toAppError } from './errors.ts';
import { inspectRun } from './observe.ts';

const statHeader = 'x-docker-container-path-stat';
const stat = z.object({
  name: z.string(),
  size: z.number(),
  mode: z.number(),
  mtime: z.string(),
  linkTarget: z.string(),
});
const kinds = ['modified', 'added', 'deleted'] as const;
const changes = z.array(z.object({ Path: z.string(), Kind: z.int().min(0).max(2) })).nullable();
const sizes = z.object({ SizeRw: z.number().nullish(), SizeRootFs: z.number().nullish() });

export function archiveOf(site: Site): ArchivePort {
  return {
    stat: (run, path, options) => statPath(site, run, path, options),
    get: (run, path, options) => getArchive(site, run, path, options),
    put: (run, path, tar, options) => putArchive(site, run, path, tar, options),
  };
}

async function statPath(site: Site, run: RunRef, path: string, options: CallOptions): Promise<PathStat> {
  return found(site, run, path, options, async () => {
    try {
      return readStat(await site.engine.head(fileRequest('HEAD', run, path), options));
    } catch (error) {
      if (!hasCode(error, 'internal')) throw error;
      // An answer to HEAD has no body that would say what is wrong.
      const body = await site.engine.stream(fileRequest('GET', run, path), options);
      body.destroy();
      return readStat(body.headers);
    }
  });
}

async function getArchive(site: Site, run: RunRef, path: string, options: CallOptions) {
  const request = fileRequest('GET', run, path);
  const body = await found(site, run, path, options, () => site.engine.stream(request, options));
  return { stat: readStat(body.headers), content: contentOf(body, request.subject, options) };
}

/** The Engine answers some mistakes only after it took all of the tar: whether there is such a directory is asked before. */
async function putArchive(
  site: Site,
  run: RunRef,
  path: string,
  tar: AsyncIterable<Uint8Array>,
  options: PutOptions,
): Promise<void> {
  await statPath(site, run, path, options);
  const { noOverwriteDirNonDir, copyUidGid } = options;
  const request: EngineRequest = {
    ...fileRequest('PUT', run, path),
    upload: tar,
    query: { path, noOverwriteDirNonDir: Number(noOverwriteDirNonDir), copyUIDGID: Number(copyUidGid) },
  };
  await found(site, run, path, options, () => site.engine.call(request, options));
}

function fileRequest(method: 'HEAD' | 'GET' | 'PUT', run: RunRef, path: string): EngineRequest {
  const subject = { noun: 'path', reference: path } as const;
  return { method, path: `/containers/${safeName(run.key)}/archive`, query: { path }, subject };
}

/** A missing path and a missing run are told apart by looking again. */
async function found<T>(
  site: Site,
  run: RunRef,
  path: string,
  options: CallOptions,
  call: () => Promise<T>,
): Promise<T> {
  try {
    return await call();
  } catch (error) {
    if (!hasCode(error, 'not_found')) throw error;
    const gone = (await inspectRun(site, run.key, options)) === null;
    if (gone) throw new AppError('not_found', 'The container is gone from the Docker Engine', { cause: error });
    throw new AppError('not_found', `No such path in the container: ${path}`, { details: { path }, cause: error });
  }
}

function readStat(headers: EngineAnswer['headers']): PathStat {
  const encoded = String(headers[statHeader] ?? '');
  const { name, size, mode, mtime, linkTarget } = stat.parse(JSON.parse(Buffer.from(encoded, 'base64').toString()));
  return { name, sizeBytes: size, mode, modifiedAt: new Date(mtime), linkTarget };
}

/** Ends with an error when it breaks off: half a tar must not pass for a whole one. */
async function* contentOf(
  body: EngineAnswer,
  subject: Subject,
  { signal }: CallOptions,
): AsyncGenerator<Uint8Array, void, void> {
  try {
    for await (const chunk of body) yield chunk;
  } catch (error) {
    throw toAppError(error, subject, signal);
  } finally {
    body.destroy();
  }
}

export async function changesOf(site: Site, run: RunRef, options: CallOptions): Promise<PathChange[]> {
  const answer = await site.engine.ask(runRequest(run, 'changes'), changes, options);
  return (answer ?? [])
    .map(({ Path, Kind }) => ({ path: Path, kind: kinds[Kind] ?? 'modified' }))
    .sort((a, b) => (a.path < b.path ? -1 : 1));
}

export async function exportRun(site: Site, run: RunRef, options: CallOptions): Promise<AsyncIterable<Uint8Array>> {
  const request = runRequest(run, 'export');
  return contentOf(await site.engine.stream(request, options), request.subject, options);
}

export async function sizesOf(site: Site, run: RunRef, options: CallOptions): Promise<ContainerSizes> {
  const answer = await site.engine.ask({ ...runRequest(run, 'json'), query: { size: true } }, sizes, options);
  return { writableBytes: answer.SizeRw ?? 0, rootBytes: answer.SizeRootFs ?? 0 };
}

function runRequest(run: RunRef, verb: string): EngineRequest {
  return { method: 'GET', path: `/containers/${safeName(run.key)}/${verb}`, subject: { noun: 'container' } };
}
