/**
 * Images on ECR: each tenant has repositories of his own, so that no release takes another's image away. What is held, and where it
 * is, stands in held.ts.
 */
import { AppError } from '../../../domain/errors.ts';
import { asImageId, type ImageDetails } from '../../../domain/image.ts';
import type { RegistryPolicy } from '../../../domain/registry-policy.ts';
import type { CallOptions, ImagePort } from '../../provider.ts';
import { hasCode } from '../errors.ts';
import { repositoryPrefix } from '../naming.ts';
import type { Site } from '../site.ts';
import { copyImage, imageOf } from './copy.ts';
import { deleteManifest, downloadUrl, ensureRepository, putManifest, type Repository, readManifest } from './ecr.ts';
import { type HeldImage, listHeld, readHeld, removeHeld, writeHeld } from './held.ts';
import { parseManifest } from './manifest.ts';
import { pullImage } from './pull.ts';
import { openUrl } from './stored.ts';
import { isImageUsed } from './uses.ts';

export function imagesOf(site: Site, registries: RegistryPolicy): ImagePort {
  return {
    pull: (input, options) => pullImage(site, registries, input, options),
    inspect: (reference, options) => inspect(site, reference, options),
    hold: (imageId, tenantId, options) => hold(site, imageId, tenantId, options),
    release: (imageId, tenantId, options) => release(site, imageId, tenantId, options),
  };
}

async function inspect(site: Site, reference: string, options: CallOptions): Promise<ImageDetails> {
  const imageId = asImageId(reference);
  const found = imageId === null ? null : await findHeld(site, imageId, options);
  if (!found) throw new AppError('not_found', `No such image: ${reference}`);
  return found.held.details;
}

/** Whoever holds it: the bytes are the same. */
async function findHeld(
  site: Site,
  imageId: string,
  options: CallOptions,
): Promise<{ held: HeldImage; tenantId: string } | null> {
  for (const { tenantId, imageId: each } of await listHeld(site, options)) {
    if (each !== imageId) continue;
    try {
      return { held: await readHeld(site, { imageId, tenantId }, options), tenantId };
    } catch (error) {
      // Released meanwhile.
      if (!hasCode(error, 'not_found')) throw error;
    }
  }
  return null;
}

/** Copies it from another tenant's repository into one of this tenant's. */
async function hold(site: Site, imageId: string, tenantId: string, options: CallOptions): Promise<void> {
  const found = await findHeld(site, imageId, options);
  if (!found) throw new AppError('not_found', `No such image: ${imageId}`);
  if (found.tenantId === tenantId) return;
  const from = placeOf(site, found.held, found.tenantId);
  const manifest = await readManifest(site, from.repository, from.digest, options);
  if (!manifest) throw new AppError('not_found', `No such image: ${imageId}`);
  const image = imageOf(parseManifest(Buffer.from(manifest.text)));
  const open = async (digest: string, at: number) =>
    openUrl(await downloadUrl(site, from.repository, digest, options), at, options);
  const repository = await ensureRepository(site, tenantId, from.path, options);
  for await (const _ of copyImage(site, repository, { manifest, image, open }, options)) {
    // Nobody is told how far a hold is.
  }
  await writeHeld(site, { ...found.held, uri: `${repository.uri}@${manifest.digest}` }, tenantId, options);
}

/** The hold goes first: what is then left is an image that nobody finds, and the next release or pull finishes that. */
async function release(site: Site, imageId: string, tenantId: string, options: CallOptions): Promise<void> {
  const held = await heldBy(site, imageId, tenantId, options);
  if (!held) return;
  if (await isImageUsed(site, { imageId, tenantId }, options)) {
    throw new AppError('conflict', 'The image is in use by a container');
  }
  const { repository, digest } = placeOf(site, held, tenantId);
  const manifest = await readManifest(site, repository, digest, options);
  await removeHeld(site, imageId, tenantId, options);
  await deleteManifest(site, repository, digest, options);
  // A pull of the same image that ended in between has its hold, and is to have its image.
  if (!manifest || !(await heldBy(site, imageId, tenantId, options))) return;
  await putManifest(site, repository, manifest, imageId, options);
}

async function heldBy(site: Site, imageId: string, tenantId: string, options: CallOptions): Promise<HeldImage | null> {
  try {
    return await readHeld(site, { imageId, tenantId }, options);
  } catch (error) {
    if (hasCode(error, 'not_found')) return null;
    throw error;
  }
}

/** Where it is: `host/prefix/tenant/path@digest`. */
function placeOf(site: Site, { uri }: HeldImage, tenantId: string) {
  const [name = '', digest = ''] = uri.split('@');
  const prefix = repositoryPrefix(site, tenantId);
  const path = name.slice(name.indexOf(`/${prefix}/`) + prefix.length + 2);
  const repository: Repository = { tenantId, name: `${prefix}/${path}` };
  return { repository, path, digest };
}
