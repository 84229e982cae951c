/** `POST /images/create`: a pull from a registry, or an image made of a root file system that the client sends. */
import { AppError, unless } from '../../domain/errors.ts';
import { familiarReference, familiarRepository, parseImageReference } from '../../domain/image.ts';
import { importImage } from '../../services/image-import.ts';
import { type PullProgress, pullImage } from '../../services/image-pull.ts';
import { requireImage } from '../../services/images.ts';
import { joinReference } from './image-references.ts';
import { startedLines } from './json-lines.ts';
import { registryAuth } from './registry-credentials.ts';
import type { DockerAnswer, DockerRequest, Door, Handler } from './request.ts';

export const createImage: Handler = (door, request) => {
  const { query } = request;
  if (query.text('fromSrc') !== undefined) return importArchive(door, request);
  const image = query.text('fromImage');
  if (image === undefined) throw new AppError('invalid', 'fromImage or fromSrc is missing');
  return pull(door, request, joinReference(image, query.text('tag')));
};

async function importArchive({ deps }: Door, request: DockerRequest): Promise<DockerAnswer> {
  const { query } = request;
  if (query.text('fromSrc') !== '-') {
    throw new AppError('forbidden', 'Importing from a URL is refused: download it yourself and use "docker import -"');
  }
  const repo = query.text('repo');
  const reference = repo === undefined ? null : parseImageReference(joinReference(repo, query.text('tag')));
  const input = {
    tag: reference && { repository: familiarRepository(reference), tag: reference.tag ?? 'latest' },
    comment: query.text('message') ?? '',
    changes: query.all('changes'),
    architecture: query.text('platform')?.split('/')[1] ?? null,
  };
  const lines = (async function* () {
    yield { status: (await importImage(deps, request.ctx, input, request.body())).id };
  })();
  const headers = { 'content-type': 'application/json' };
  return { status: 200, headers, stream: await startedLines(request, lines) };
}

async function pull(door: Door, request: DockerRequest, reference: string): Promise<DockerAnswer> {
  const lines = pullLines(door, request, reference);
  return {
    status: 200,
    headers: { 'content-type': 'application/json' },
    stream: await startedLines(request, lines),
  };
}

async function* pullLines({ deps }: Door, request: DockerRequest, text: string): AsyncGenerator<object, void, void> {
  const { ctx, query } = request;
  const reference = parseImageReference(text);
  // Invalid: the beginning of several ids.
  const before = await unless(requireImage(deps, ctx, text), ['not_found', 'invalid'], null);
  const input = { reference: text, auth: registryAuth(request), platform: query.text('platform') };
  const steps = pullImage(deps, ctx, input);
  let step = await steps.next();
  yield { status: `Pulling from ${reference.path}`, id: reference.tag ?? reference.digest };
  for (; !step.done; step = await steps.next()) if (step.value.id !== null) yield* layerLine(step.value);
  const { id, repoDigests } = step.value;
  const digest = repoDigests.find((each) => each.startsWith(`${familiarRepository(reference)}@`))?.split('@')[1];
  if (digest !== undefined) yield { status: `Digest: ${digest}` };
  const isNew = before?.id !== id;
  const what = familiarReference(reference);
  yield { status: isNew ? `Status: Downloaded newer image for ${what}` : `Status: Image is up to date for ${what}` };
}

/** The provider pulls by digest, and says so where the tenant said a tag. */
export function* layerLine({ id, status, current, total }: PullProgress): Generator<object> {
  if (status.startsWith('Pulling from ')) return;
  const progressDetail = current === null ? {} : { current, ...(total !== null && { total }) };
  yield { status, progressDetail, id };
}
