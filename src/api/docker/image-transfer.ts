/** Archives of images out and in, and pushes. */
import { AppError } from '../../domain/errors.ts';
import { familiarRepository, parseImageReference } from '../../domain/image.ts';
import { loadImages } from '../../services/image-load.ts';
import { pushImage } from '../../services/image-push.ts';
import { saveImages } from '../../services/image-save.ts';
import { layerLine } from './image-create.ts';
import { joinReference } from './image-references.ts';
import { jsonLines } from './json-lines.ts';
import { registryAuth } from './registry-credentials.ts';
import type { DockerAnswer, DockerRequest, Door, Handler } from './request.ts';

export const getImage: Handler = (door, request) => get(door, request, [request.params.name ?? '']);

export const getImages: Handler = (door, request) =>
  get(
    door,
    request,
    request.query.all('names').flatMap((names) => names.split(',')),
  );

async function get({ deps }: Door, { ctx }: DockerRequest, names: string[]): Promise<DockerAnswer> {
  const stream = await saveImages(deps, ctx, names, ctx.signal);
  return { status: 200, headers: { 'content-type': 'application/x-tar' }, stream };
}

/** Clients read one line for each name, or for each image without one. */
export const loadArchive: Handler = async ({ deps }, request) => ({
  status: 200,
  headers: { 'content-type': 'application/json' },
  stream: jsonLines(
    request,
    (async function* () {
      for (const { image, names } of await loadImages(deps, request.ctx, request.body())) {
        for (const name of names) yield { stream: `Loaded image: ${name}\n` };
        if (names.length === 0) yield { stream: `Loaded image ID: ${image.id}\n` };
      }
    })(),
  ),
});

/** What is wrong with a push is told in its stream, as the Engine does. */
export const pushToRegistry: Handler = async (door, request) => {
  const { params, query } = request;
  const reference = joinReference(params.name ?? '', query.text('tag'));
  return {
    status: 200,
    headers: { 'content-type': 'application/json' },
    stream: jsonLines(request, pushLines(door, request, reference)),
  };
};

async function* pushLines({ deps }: Door, request: DockerRequest, text: string): AsyncGenerator<object, void, void> {
  const { domain, path } = parseImageReference(text);
  yield { status: `The push refers to repository [${domain}/${path}]` };
  const steps = pushImage(deps, request.ctx, { reference: text, auth: registryAuth(request) });
  try {
    let step = await steps.next();
    for (; !step.done; step = await steps.next()) yield* layerLine(step.value);
    const { tag, digest, size } = step.value;
    yield { status: `${tag}: digest: ${digest} size: ${size}` };
    yield { progressDetail: {}, aux: { Tag: tag, Digest: digest, Size: size } };
  } catch (error) {
    if (!(error instanceof AppError) || !error.message.startsWith('No such image: ')) throw error;
    throw new AppError(
      'not_found',
      `An image does not exist locally with the tag: ${familiarRepository({ domain, path })}`,
      {
        cause: error,
      },
    );
  } finally {
    await steps.return(undefined as never);
  }
}
