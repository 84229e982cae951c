/** Tagging, untagging and removing images. A row goes before its hold, so that no row is left whose image is gone. */
import type { Ctx, Deps } from '../context.ts';
import { keepImage, tagImage as moveTag, type Removal, removeImage as removeRows } from '../db/image-changes.ts';
import { unusedImages } from '../db/images.ts';
import { AppError, notFound } from '../domain/errors.ts';
import { familiarRepository, type Image, type ImageTag, parseImageReference } from '../domain/image.ts';
import { actorOf } from '../domain/principal.ts';
import { eventsTopic } from '../domain/wakeups.ts';
import { callOptions } from '../reconcile/provider-call.ts';
import { authorize } from './authorize.ts';
import { confirmHold, releaseHold } from './image-holds.ts';
import { requireImage } from './images.ts';

/**
 * Lets a name stand for an image; whatever it stood for before loses it. A shared image becomes the tenant's own as well.
 * Throws invalid (name), not_found, limit.
 */
export async function tagImage(
  deps: Deps,
  ctx: Ctx,
  reference: string,
  target: ImageTag,
): Promise<{ image: Image; changed: boolean }> {
  authorize(ctx.principal, 'write');
  const tag = asTag(target);
  const image = await requireImage(deps, ctx, reference);
  const changed = image.shared ? await adopt(deps, ctx, image, tag) : await move(deps, ctx, image, tag);
  if (changed) deps.wakeups.wake(eventsTopic(ctx.principal.tenantId));
  return { image: await requireImage(deps, ctx, image.id), changed };
}

async function move(deps: Deps, ctx: Ctx, image: Image, tag: ImageTag): Promise<boolean> {
  const outcome = await moveTag(deps.db, {
    tenantId: image.tenantId,
    id: image.id,
    tag,
    actor: actorOf(ctx.principal),
  });
  if (outcome === 'gone') throw notFound('image', image.id);
  return outcome === 'moved';
}

async function adopt(
  deps: Deps,
  ctx: Ctx,
  { tenantId: _, shared, tags, pulledAt, repoDigests, ...details }: Image,
  tag: ImageTag,
): Promise<true> {
  const { tenantId } = ctx.principal;
  await deps.provider.images.hold(details.id, tenantId, callOptions());
  const name = `${tag.repository}:${tag.tag}`;
  try {
    await keepImage(deps.db, {
      tenantId,
      details,
      repoDigests,
      tag,
      name,
      event: 'tagged',
      actor: actorOf(ctx.principal),
    });
  } catch (error) {
    await releaseHold(deps, tenantId, details.id);
    throw error;
  }
  if (!(await confirmHold(deps, tenantId, details.id))) throw notFound('image', details.id);
  return true;
}

export interface RemovedImage {
  id: string;
  /** Names that it lost. */
  untagged: string[];
  /** False: other names are left, and so is the image. */
  removed: boolean;
  sizeBytes: number;
  /** `repository@sha256:…` of what it was. */
  repoDigests: string[];
}

/**
 * By a name: takes that name away, and the image with its last one. By id or digest: removes the image, which needs `force`
 * when it has several names. Throws not_found, forbidden (shared), conflict (in use by a container, or several names).
 */
export async function removeImage(
  deps: Deps,
  ctx: Ctx,
  reference: string,
  input: { force: boolean },
): Promise<RemovedImage> {
  authorize(ctx.principal, 'write');
  const image = await requireImage(deps, ctx, reference);
  if (image.shared)
    throw new AppError('forbidden', `The image ${reference} is shared by the operator and cannot be removed`);
  const tag = nameOf(image, reference);
  return remove(deps, ctx, image, tag, ({ untagged, removed, usedBy }) => {
    if (removed && usedBy !== null)
      throw new AppError('conflict', `The image ${reference} is in use by the container "${usedBy}"`);
    if (tag !== null && untagged.length === 0) throw notFound('image', reference);
    if (tag === null && untagged.length > 1 && !input.force) {
      const names = untagged.map(written).join(', ');
      throw new AppError('conflict', `The image ${reference} has several names (${names}); remove these or use force`);
    }
  });
}

export interface PruneImagesInput {
  /** Those with names as well. */
  all: boolean;
  /** Only those that it says. */
  which?: (image: Image) => boolean;
}

/** Removes the images that have no name and no container. */
export async function pruneImages(deps: Deps, ctx: Ctx, input: PruneImagesInput): Promise<RemovedImage[]> {
  authorize(ctx.principal, 'write');
  const pruned: RemovedImage[] = [];
  for (const image of await unusedImages(deps.db, ctx.principal.tenantId, { tagged: input.all })) {
    if (input.which && !input.which(image)) continue;
    try {
      const removed = await remove(deps, ctx, image, null, ({ untagged, usedBy }) => {
        const wanted = usedBy !== null || (untagged.length > 0 && !input.all);
        if (wanted) throw new AppError('conflict', `The image ${image.id} came into use`);
      });
      pruned.push(removed);
    } catch (error) {
      const spared = error instanceof AppError && (error.code === 'conflict' || error.code === 'not_found');
      if (!spared) throw error;
    }
  }
  return pruned;
}

async function remove(
  deps: Deps,
  ctx: Ctx,
  image: Image,
  tag: ImageTag | null,
  judge: (removal: Removal) => void,
): Promise<RemovedImage> {
  const { tenantId, id, sizeBytes, repoDigests } = image;
  const [first] = tag ? [tag] : image.tags;
  const name = first ? written(first) : id;
  const removal = await removeRows(deps.db, { tenantId, id, tag, name, actor: actorOf(ctx.principal) }, judge);
  if (!removal) throw notFound('image', name);
  deps.wakeups.wake(eventsTopic(tenantId));
  if (removal.removed) await releaseHold(deps, tenantId, id);
  return { id, untagged: removal.untagged.map(written), removed: removal.removed, sizeBytes, repoDigests };
}

const written = ({ repository, tag }: ImageTag): string => `${repository}:${tag}`;

/** The image's name that a reference is; null for an id or a digest. */
function nameOf(image: Image, reference: string): ImageTag | null {
  return image.tags.find((tag) => sameName(tag, reference)) ?? null;
}

function sameName(tag: ImageTag, text: string): boolean {
  if (/^(sha256:)?[0-9a-f]{64}$/.test(text)) return false;
  const reference = parseImageReference(text);
  return reference.digest === null && reference.tag === tag.tag && familiarRepository(reference) === tag.repository;
}

/** Normal form of a name to be given. Throws invalid; `sha256` would read as an id. */
export function asTag({ repository, tag }: ImageTag): ImageTag {
  const reference = parseImageReference(`${repository}:${tag}`);
  const name = familiarRepository(reference);
  if (reference.digest !== null || reference.tag !== tag || name === 'sha256') {
    throw new AppError('invalid', `repository: ${JSON.stringify(repository)} cannot be a name of an image`, {
      details: { fields: [{ path: 'repository', message: 'cannot be a name of an image' }] },
    });
  }
  return { repository: name, tag };
}
