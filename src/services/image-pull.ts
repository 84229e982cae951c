/** Pulling an image: the operator's policy, the provider, then the row. Works again on what is there already. */
import type { Ctx, Deps } from '../context.ts';
import { keepImage } from '../db/image-changes.ts';
import { findImage } from '../db/images.ts';
import { hasRoom } from '../db/quotas.ts';
import { AppError } from '../domain/errors.ts';
import {
  familiarReference,
  familiarRepository,
  type Image,
  type ImageDetails,
  type ImageReference,
  parseImageReference,
} from '../domain/image.ts';
import { actorOf } from '../domain/principal.ts';
import { eventsTopic } from '../domain/wakeups.ts';
import type { PullProgress, RegistryAuth } from '../providers/provider.ts';
import { authorize } from './authorize.ts';
import { confirmHold, releaseHold } from './image-holds.ts';
import { requireImage } from './images.ts';
import { checkRegistry } from './registry-policy.ts';

export type { PullProgress };

export interface PullImageInput {
  reference: string;
  /** Used once and kept nowhere. */
  auth: RegistryAuth | null;
}

const PULL_SECONDS = 30 * 60;

/**
 * Yields progress, returns the image. Throws invalid (reference), forbidden (policy, or the registry refuses), not_found
 * (naming the reference), limit (quota), rate_limited (too many at once), unavailable. An end of the request ends the pull.
 */
export async function* pullImage(
  deps: Deps,
  ctx: Ctx,
  input: PullImageInput,
): AsyncGenerator<PullProgress, Image, void> {
  authorize(ctx.principal, 'write');
  const reference = pullable(input.reference);
  await checkRegistry(deps.registries, reference.domain);
  const { tenantId } = ctx.principal;
  using _place = deps.places.pulls.take(tenantId);
  await checkRoom(deps, tenantId, input.reference);
  const signal = AbortSignal.any([ctx.signal, AbortSignal.timeout(PULL_SECONDS * 1000)]);
  const details = yield* deps.provider.images.pull({ ...reference, auth: input.auth, tenantId }, { signal });
  try {
    await keepImage(deps.db, pulledImage(ctx, reference, details));
  } catch (error) {
    await releaseHold(deps, tenantId, details.id);
    throw error;
  }
  deps.wakeups.wake(eventsTopic(tenantId));
  if (!(await confirmHold(deps, tenantId, details.id))) {
    throw new AppError(
      'unavailable',
      `The image ${familiarReference(reference)} was removed while it was pulled; pull it again`,
    );
  }
  return requireImage(deps, ctx, details.id);
}

/** Before anything is fetched; counted exactly when the row is made. What the tenant has already may be pulled again. */
async function checkRoom({ db }: Deps, tenantId: string, reference: string): Promise<void> {
  if ((await hasRoom(db, tenantId, 'images')) || (await findImage(db, tenantId, reference))?.shared === false) return;
  throw new AppError('limit', 'The quota of images is used up', { details: { resource: 'images' } });
}

/** As with Docker, a digest says which image it is and a tag beside it says nothing. */
function pullable(text: string): ImageReference {
  const reference = parseImageReference(text);
  if (reference.path === 'library/sha256')
    throw new AppError('invalid', `An id cannot be pulled: ${text}; name the image`);
  return reference.digest === null ? reference : { ...reference, tag: null };
}

function pulledImage(ctx: Ctx, reference: ImageReference, details: ImageDetails) {
  const repository = familiarRepository(reference);
  return {
    tenantId: ctx.principal.tenantId,
    details,
    repoDigests: details.digest === null ? [] : [`${repository}@${details.digest}`],
    tag: reference.tag === null ? null : { repository, tag: reference.tag },
    name: familiarReference(reference),
    event: 'pulled' as const,
    actor: actorOf(ctx.principal),
  };
}
