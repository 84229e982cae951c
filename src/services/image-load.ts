/** Taking in images of an archive: verified first, then handed to the provider, then recorded under the names they bring. */
import type { Ctx, Deps } from '../context.ts';
import { AppError } from '../domain/errors.ts';
import { lacking } from '../domain/features.ts';
import {
  familiarReference,
  familiarRepository,
  type Image,
  type ImageTag,
  parseImageReference,
} from '../domain/image.ts';
import { authorize } from './authorize.ts';
import { packImages, unpackImages, type VerifiedImage } from './image-archive.ts';
import { releaseHold } from './image-holds.ts';
import { type NewImage, recordImage } from './recorded-image.ts';
import { openSpool } from './spool.ts';

const LOAD_SECONDS = 30 * 60;

export interface LoadedImage {
  image: Image;
  /** Names that the archive gave it. */
  names: string[];
}

/** Throws invalid (no such archive, or one that lies), too_large, unsupported, limit. Names in the archive are the tenant's own. */
export async function loadImages(deps: Deps, ctx: Ctx, archive: AsyncIterable<Uint8Array>): Promise<LoadedImage[]> {
  authorize(ctx.principal, 'write');
  using _place = deps.places.pulls.take(ctx.principal.tenantId);
  await using spool = await openSpool(deps.limits.maxUploadBytes);
  const images = await unpackImages(spool, archive);
  const tags = images.map(({ names }) => names.map(asTag));
  const recorded = await takeIn(deps, ctx, images, (position) => ({ tags: tags[position] ?? [], event: 'loaded' }));
  return recorded.map((image, position) => ({
    image,
    names: (tags[position] ?? []).map(({ repository, tag }) => `${repository}:${tag}`),
  }));
}

/** Hands verified images to the provider and records each. */
export async function takeIn(
  deps: Deps,
  ctx: Ctx,
  images: Omit<VerifiedImage, 'names'>[],
  as: (position: number) => Pick<NewImage, 'tags' | 'event'>,
): Promise<Image[]> {
  const { load } = deps.provider.images;
  if (!load) throw lacking(deps.provider.name, 'images.load');
  const { tenantId } = ctx.principal;
  const imageIds = images.map(({ id }) => id);
  const signal = AbortSignal.any([ctx.signal, AbortSignal.timeout(LOAD_SECONDS * 1000)]);
  const details = await load({ imageIds, archive: (namesOf) => packImages(images, namesOf), tenantId }, { signal });
  const recorded: Image[] = [];
  try {
    for (const [position, each] of details.entries()) {
      // What was verified is what is there, or it is not this tenant's to have.
      const wanted = images[position]?.layers.map(({ diffId }) => diffId).join();
      if (each.layers.join() !== wanted)
        throw new AppError('internal', 'The provider has other layers than the archive');
      const { tags, event } = as(position);
      const [first] = tags;
      const name = first ? `${first.repository}:${first.tag}` : each.id;
      recorded.push(await recordImage(deps, ctx, { details: each, repoDigests: [], tags, name, event }));
    }
  } catch (error) {
    const left = details.slice(recorded.length);
    await Promise.all(left.map(({ id }) => releaseHold(deps, tenantId, id)));
    throw error;
  }
  return recorded;
}

function asTag(name: string): ImageTag {
  const reference = parseImageReference(name);
  if (reference.tag === null || reference.digest !== null || reference.path === 'library/sha256') {
    throw new AppError('invalid', `The archive has a name that cannot be one: ${familiarReference(reference)}`);
  }
  return { repository: familiarRepository(reference), tag: reference.tag };
}
