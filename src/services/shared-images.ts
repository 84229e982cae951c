/** Images that the operator shares: they are at the provider already, and every tenant sees them, read-only. */
import type { Deps } from '../context.ts';
import { replaceSharedImages, type SharedImage } from '../db/shared-images.ts';
import { isRetryable } from '../domain/errors.ts';
import { asImageId, familiarRepository, parseImageReference } from '../domain/image.ts';
import { SHARED_TENANT_ID } from '../domain/principal.ts';
import { callOptions } from '../reconcile/provider-call.ts';
import { releaseHold } from './image-holds.ts';

/**
 * At start: the configured references, as the provider knows them now, become the shared images, and no others. One that is
 * missing there is logged and not shared; while the provider is away they stay as they were.
 */
export async function syncSharedImages(deps: Deps): Promise<void> {
  const found: SharedImage[] = [];
  try {
    for (const reference of deps.sharedImages) {
      const image = await sharedImage(deps, reference);
      if (image) found.push(image);
      else deps.log.warn({ reference }, 'an image to be shared is not at the provider');
    }
  } catch (error) {
    deps.log.warn({ err: error }, 'the shared images stay as they were');
    return;
  }
  const gone = await replaceSharedImages(deps.db, found);
  for (const id of gone) await releaseHold(deps, SHARED_TENANT_ID, id);
}

/** Held, so that it outlives a tenant who pulled it too and removes it. */
async function sharedImage(deps: Deps, reference: string): Promise<SharedImage | null> {
  try {
    const details = await deps.provider.images.inspect(reference, callOptions());
    await deps.provider.images.hold(details.id, SHARED_TENANT_ID, callOptions());
    return { details, ...namesOf(reference, details.digest) };
  } catch (error) {
    if (isRetryable(error)) throw error;
    return null;
  }
}

function namesOf(text: string, digest: string | null): Pick<SharedImage, 'tag' | 'repoDigests'> {
  if (asImageId(text)) return { tag: null, repoDigests: [] };
  const reference = parseImageReference(text);
  const repository = familiarRepository(reference);
  return {
    tag: reference.digest === null && reference.tag !== null ? { repository, tag: reference.tag } : null,
    repoDigests: digest === null ? [] : [`${repository}@${digest}`],
  };
}
