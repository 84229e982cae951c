/** Reading images. */
import type { Ctx, Deps } from '../context.ts';
import { findImage } from '../db/images.ts';
import { notFound } from '../domain/errors.ts';
import type { Image } from '../domain/image.ts';

/** By name, digest, id or unique prefix of an id: the tenant's own, then the shared ones. Throws not_found naming the reference. */
export async function requireImage(deps: Deps, ctx: Ctx, reference: string): Promise<Image> {
  const image = await findImage(deps.db, ctx.principal.tenantId, reference);
  if (!image) throw notFound('image', reference);
  return image;
}
