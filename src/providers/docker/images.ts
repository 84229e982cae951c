/**
 * Images: pulled by digest, so that no plain tag of a shared Engine is made or moved, and held by tags of our own
 * (image-holds.ts).
 */
import { z } from 'zod';
import { AppError, unless } from '../../domain/errors.ts';
import { familiarReference, type ImageDetails } from '../../domain/image.ts';
import type { CallOptions, ImagePort, PullInput, PullProgress, RegistryAuth } from '../provider.ts';
import { buildImage } from './build.ts';
import { pruneBuilds } from './build-leftovers.ts';
import type { EngineRequest, Site } from './client.ts';
import { type Subject, toAppError } from './errors.ts';
import { loadImages, saveImages } from './image-archives.ts';
import { imageDetails, imagePath, inspectImage } from './image-details.ts';
import { holdImage, isMarked, releaseImage } from './image-holds.ts';
import { jsonLines } from './streams.ts';

const distribution = z.object({ Descriptor: z.object({ digest: z.string().regex(/^sha256:[0-9a-f]{64}$/) }) });
const progress = z.object({
  id: z.string().optional(),
  status: z.string().default(''),
  error: z.string().optional(),
  progressDetail: z.object({ current: z.number().optional(), total: z.number().optional() }).optional(),
});

/** How often a pull may lose its image to another tenant's release before it gives up. */
const attempts = 5;

export function imagesOf(site: Site): ImagePort {
  return {
    pull: (input, options) => pull(site, input, options),
    inspect: (reference, options) => imageDetails(site, reference, options),
    hold: (imageId, tenantId, options) => holdImage(site, imageId, tenantId, options),
    release: (imageId, tenantId, options) => releaseImage(site, imageId, tenantId, options),
    save: (imageIds, options) => saveImages(site, imageIds, options),
    load: (input, options) => loadImages(site, input, options),
    build: (input, options) => buildImage(site, input, options),
    pruneBuilds: (tenantId, which, options) => pruneBuilds(site, tenantId, which, options),
  };
}

async function* pull(
  site: Site,
  input: PullInput,
  options: CallOptions,
): AsyncGenerator<PullProgress, ImageDetails, void> {
  const subject: Subject = { noun: 'image', reference: familiarReference(input), registry: input.domain };
  // Also for a digest, and for an image that is there: this is where the registry judges the credential.
  const digest = await resolve(site, input, subject, options);
  const pinned = `${input.domain}/${input.path}@${digest}`;
  for (let attempt = 1; attempt <= attempts; attempt++) {
    const before = await inspectImage(site, pinned, options);
    const ours = before === null || isMarked(before);
    yield* fetchLayers(site, pinned, input, subject, options);
    const details = await unless(keep(site, pinned, digest, input.tenantId, ours, options), ['not_found'], null);
    if (details) return details;
  }
  throw new AppError('unavailable', `The image was removed while it was pulled: ${subject.reference}`);
}

async function resolve(site: Site, input: PullInput, subject: Subject, options: CallOptions): Promise<string> {
  const { domain, path, tag, digest } = input;
  const name = imagePath(`${domain}/${path}${digest === null ? `:${tag}` : `@${digest}`}`);
  const request: EngineRequest = {
    method: 'GET',
    path: `${name.replace('/images/', '/distribution/')}/json`,
    auth: authHeader(input),
    subject,
  };
  return (await site.engine.ask(request, distribution, options)).Descriptor.digest;
}

async function* fetchLayers(
  site: Site,
  pinned: string,
  input: PullInput,
  subject: Subject,
  options: CallOptions,
): AsyncGenerator<PullProgress, void, void> {
  const request: EngineRequest = {
    method: 'POST',
    path: '/images/create',
    query: { fromImage: pinned, ...(input.platform !== undefined && { platform: input.platform }) },
    auth: authHeader(input),
    subject,
  };
  const body = await site.engine.stream(request, options);
  try {
    for await (const line of jsonLines(body)) {
      const { id, status, error, progressDetail } = progress.parse(line);
      if (error !== undefined) throw new Error(error);
      yield { id: id ?? null, status, current: progressDetail?.current ?? null, total: progressDetail?.total ?? null };
    }
  } catch (error) {
    throw toAppError(error, subject, options.signal);
  } finally {
    body.destroy();
  }
}

/** Between pull and hold another tenant's release may take the image away: not_found, and the pull begins again. */
async function keep(
  site: Site,
  pinned: string,
  digest: string,
  tenantId: string,
  ours: boolean,
  options: CallOptions,
): Promise<ImageDetails> {
  const image = await inspectImage(site, pinned, options);
  if (!image) throw new AppError('not_found', 'The image was removed');
  await holdImage(site, image.Id, tenantId, options, ours);
  return imageDetails(site, image.Id, options, digest);
}

function authHeader({ auth, domain }: PullInput): object | undefined {
  return auth === null ? undefined : toHeader(auth, domain);
}

function toHeader({ username, password, identityToken }: RegistryAuth, serveraddress: string): object {
  return identityToken === undefined
    ? { username, password, serveraddress }
    : { identitytoken: identityToken, serveraddress };
}
