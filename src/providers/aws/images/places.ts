/** Where a held image is in ECR, and what is there of it. */
import { AppError, hasCode } from '../../../domain/errors.ts';
import type { CallOptions } from '../../provider.ts';
import { repositoryPrefix } from '../naming.ts';
import type { Site } from '../site.ts';
import { imageOf } from './copy.ts';
import { type Repository, readManifest, type StoredManifest } from './ecr.ts';
import { type HeldImage, listHeld, readHeld } from './held.ts';
import { type ImageManifest, parseManifest } from './manifest.ts';

/** Whoever holds it: the bytes are the same. Null when nobody does. */
export async function findHeld(
  site: Site,
  imageId: string,
  options: CallOptions,
): Promise<{ held: HeldImage; tenantId: string } | null> {
  for (const { tenantId, imageId: each } of await listHeld(site, options)) {
    if (each !== imageId) continue;
    const held = await heldBy(site, imageId, tenantId, options);
    // Null: released meanwhile.
    if (held) return { held, tenantId };
  }
  return null;
}

export async function heldBy(
  site: Site,
  imageId: string,
  tenantId: string,
  options: CallOptions,
): Promise<HeldImage | null> {
  try {
    return await readHeld(site, { imageId, tenantId }, options);
  } catch (error) {
    if (hasCode(error, 'not_found')) return null;
    throw error;
  }
}

/** Where it is: `host/prefix/tenant/path@digest`. */
export function placeOf(site: Site, { uri }: HeldImage, tenantId: string) {
  const [name = '', digest = ''] = uri.split('@');
  const prefix = repositoryPrefix(site, tenantId);
  const path = name.slice(name.indexOf(`/${prefix}/`) + prefix.length + 2);
  const repository: Repository = { tenantId, name: `${prefix}/${path}` };
  return { repository, path, digest };
}

export interface PlacedImage {
  repository: Repository;
  /** Below the tenant's prefix. */
  path: string;
  manifest: StoredManifest;
  image: ImageManifest;
}

/** Throws not_found when ECR has lost it. */
export async function readPlaced(
  site: Site,
  { held, tenantId }: { held: HeldImage; tenantId: string },
  options: CallOptions,
): Promise<PlacedImage> {
  const { repository, path, digest } = placeOf(site, held, tenantId);
  const manifest = await readManifest(site, repository, digest, options);
  if (!manifest) throw new AppError('not_found', `No such image: ${held.details.id}`);
  return { repository, path, manifest, image: imageOf(parseManifest(Buffer.from(manifest.text))) };
}
