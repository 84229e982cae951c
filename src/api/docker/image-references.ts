/** References of images in requests, and the Engine's words for one that is not there. */
import { AppError } from '../../domain/errors.ts';
import { asImageId, familiarReference, type Image, parseImageReference } from '../../domain/image.ts';
import { requireImage } from '../../services/images.ts';
import type { DockerRequest, Door } from './request.ts';

/** `repository` and `tag` as queries carry them; the tag may be a digest, or part of the first. */
export function joinReference(repository: string, tag: string | undefined): string {
  if (tag === undefined) return repository;
  return tag.startsWith('sha256:') ? `${repository}@${tag}` : `${repository}:${tag}`;
}

/** Throws not_found with the Engine's text. */
export function findImage({ deps }: Door, { ctx }: DockerRequest, reference: string): Promise<Image> {
  return named(reference, () => requireImage(deps, ctx, reference));
}

/** Clients look for these words. */
export async function named<T>(reference: string, work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    if (!(error instanceof AppError) || error.code !== 'not_found') throw error;
    throw new AppError('not_found', `No such image: ${written(reference)}`, { cause: error });
  }
}

/** With the tag that was meant. */
function written(reference: string): string {
  if (asImageId(reference) || reference.startsWith('sha256:')) return reference;
  return familiarReference(parseImageReference(reference));
}
