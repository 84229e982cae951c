/** An image that the provider holds for a tenant by now becomes one of its records. Shared by whatever brings images. */
import type { Ctx, Deps } from '../context.ts';
import { type KeptImage, keepImage, tagImage } from '../db/image-changes.ts';
import { AppError } from '../domain/errors.ts';
import type { Image, ImageDetails, ImageTag } from '../domain/image.ts';
import { actorOf } from '../domain/principal.ts';
import { eventsTopic } from '../domain/wakeups.ts';
import { confirmHold, releaseHold } from './image-holds.ts';
import { requireImage } from './images.ts';

export interface NewImage {
  details: ImageDetails;
  /** Names that stand for it from now on. */
  tags: ImageTag[];
  repoDigests: string[];
  /** How the tenant called it. */
  name: string;
  event: KeptImage['event'];
}

/** Throws limit, and unavailable when it was removed meanwhile; then it is not held either. */
export async function recordImage(deps: Deps, ctx: Ctx, image: NewImage): Promise<Image> {
  const { tenantId } = ctx.principal;
  const { id } = image.details;
  const actor = actorOf(ctx.principal);
  const [tag = null, ...more] = image.tags;
  try {
    await keepImage(deps.db, { ...image, tenantId, tag, actor });
    for (const another of more) await tagImage(deps.db, { tenantId, id, tag: another, actor });
  } catch (error) {
    await releaseHold(deps, tenantId, id);
    throw error;
  }
  deps.wakeups.wake(eventsTopic(tenantId));
  if (!(await confirmHold(deps, tenantId, id))) {
    throw new AppError('unavailable', `The image ${image.name} was removed while it was being made; try again`);
  }
  return requireImage(deps, ctx, id);
}
