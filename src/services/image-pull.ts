/** Pulling an image: the operator's policy, the provider, then the row. Works again on what is there already. */
import type { Ctx, Deps } from '../context.ts';
import { findImage } from '../db/images.ts';
import { hasRoom } from '../db/quotas.ts';
import { AppError } from '../domain/errors.ts';
import {
  familiarReference,
  familiarRepository,
  type Image,
  type ImageReference,
  parseImageReference,
} from '../domain/image.ts';
import type { PullProgress, RegistryAuth } from '../providers/provider.ts';
import { checkRegistry } from '../registry/policy.ts';
import { authorize } from './authorize.ts';
import { recordImage } from './recorded-image.ts';

export type { PullProgress, RegistryAuth };

export interface PullImageInput {
  reference: string;
  /** Used once and kept nowhere. */
  auth: RegistryAuth | null;
  /** `os[/architecture[/variant]]`, where the registry has several. */
  platform?: string | undefined;
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
  const details = yield* deps.provider.images.pull(
    { ...reference, auth: input.auth, platform: input.platform, tenantId },
    { signal },
  );
  const repository = familiarRepository(reference);
  return recordImage(deps, ctx, {
    details,
    repoDigests: details.digest === null ? [] : [`${repository}@${details.digest}`],
    tags: reference.tag === null ? [] : [{ repository, tag: reference.tag }],
    name: familiarReference(reference),
    event: 'pulled',
  });
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
