/** Files of a container: HEAD, GET and PUT of its archive, its changes, its export. Tars pass through unread. */
import type { PathStat } from '../../domain/container-files.ts';
import { AppError } from '../../domain/errors.ts';
import {
  exportContainer,
  listContainerChanges,
  readContainerArchive,
  statContainerPath,
  writeContainerArchive,
} from '../../services/container-files.ts';
import type { OpenStream } from '../../services/streams.ts';
import { type DockerRequest, type Handler, ok } from './request.ts';

const kinds = { modified: 0, added: 1, deleted: 2 };

export const statArchive: Handler = async ({ deps }, request) => {
  const path = pathOf(request);
  const stat = await inWords(request, statContainerPath(deps, request.ctx, request.params.id ?? '', path));
  return { status: 200, headers: statHeaders(stat) };
};

export const getArchive: Handler = async ({ deps, streams }, request) => {
  const path = pathOf(request);
  const { ctx, params } = request;
  const stream = streams.open(ctx);
  const { stat, content } = await orEnd(
    stream,
    inWords(request, readContainerArchive(deps, ctx, params.id ?? '', path, stream.signal)),
  );
  const headers = { ...statHeaders(stat), 'content-type': 'application/x-tar' };
  return { status: 200, headers, stream: held(stream, content) };
};

export const putArchive: Handler = async ({ deps, streams }, request) => {
  const { ctx, params, query } = request;
  const input = {
    path: pathOf(request),
    tar: request.body().iterator({ destroyOnReturn: false }),
    noOverwriteDirNonDir: query.flag('noOverwriteDirNonDir'),
    copyUidGid: query.flag('copyUIDGID'),
  };
  const stream = streams.open(ctx);
  try {
    await inWords(request, writeContainerArchive(deps, ctx, params.id ?? '', input, stream.signal));
    return { status: 200 };
  } finally {
    stream.end();
  }
};

export const containerChanges: Handler = async ({ deps }, { ctx, params }) => {
  const changes = await listContainerChanges(deps, ctx, params.id ?? '');
  // As the Engine: no list where there is nothing to list.
  return ok(changes.length === 0 ? null : changes.map(({ path, kind }) => ({ Path: path, Kind: kinds[kind] })));
};

export const exportArchive: Handler = async ({ deps, streams }, { ctx, params }) => {
  const stream = streams.open(ctx);
  const content = await orEnd(stream, exportContainer(deps, ctx, params.id ?? '', stream.signal));
  return { status: 200, headers: { 'content-type': 'application/octet-stream' }, stream: held(stream, content) };
};

/** Throws invalid with the Engine's text. */
function pathOf({ query }: DockerRequest): string {
  const path = query.text('path');
  if (path === undefined) throw new AppError('invalid', 'bad parameter: path cannot be empty');
  return path;
}

/** Clients tell a missing file from a missing container by the Engine's words. */
async function inWords<T>({ params, query }: DockerRequest, call: Promise<T>): Promise<T> {
  try {
    return await call;
  } catch (error) {
    if (!(error instanceof AppError) || error.code !== 'not_found' || error.details.path === undefined) throw error;
    const message = `Could not find the file ${query.text('path')} in container ${params.id}`;
    throw new AppError('not_found', message, { cause: error });
  }
}

function statHeaders({ name, sizeBytes, mode, modifiedAt, linkTarget }: PathStat): Record<string, string> {
  const stat = { name, size: sizeBytes, mode, mtime: modifiedAt.toISOString(), linkTarget };
  return { 'x-docker-container-path-stat': Buffer.from(JSON.stringify(stat)).toString('base64') };
}

async function orEnd<T>(stream: OpenStream, call: Promise<T>): Promise<T> {
  try {
    return await call;
  } catch (error) {
    stream.end();
    throw error;
  }
}

/** The stream's place is given back with the last chunk; one that ended before is cut, not finished. */
async function* held(stream: OpenStream, content: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array, void> {
  try {
    yield* content;
    stream.signal.throwIfAborted();
  } finally {
    stream.end();
  }
}
