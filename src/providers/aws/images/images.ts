/**
 * Images on ECR: each tenant has repositories of his own, so that no release takes another's image away. What is held, and where it
 * is, stands in held.ts.
 */
import { AppError } from '../../../domain/errors.ts';
import { asImageId, type ImageDetails } from '../../../domain/image.ts';
import type { RegistryPolicy } from '../../../domain/registry-policy.ts';
import type { BuildInput, CallOptions, ImagePort, PushAccessInput } from '../../provider.ts';
import { buildImage } from '../build/build.ts';
import type { LogReader } from '../logs/pages.ts';
import type { Site } from '../site.ts';
import { copyImage } from './copy.ts';
import { deleteManifest, ensureRepository, putManifest, readManifest } from './ecr.ts';
import { removeHeld, writeHeld } from './held.ts';
import { loadImages } from './load.ts';
import { findHeld, heldBy, placeOf, readPlaced } from './places.ts';
import { pullImage } from './pull.ts';
import { pushAccess } from './push-access.ts';
import { pushedImages } from './pushes.ts';
import { saveImages } from './save.ts';
import { openStored } from './stored.ts';
import { isImageUsed } from './uses.ts';

export function imagesOf(site: Site, registries: RegistryPolicy, logs: LogReader): ImagePort {
  const { pushRole, build } = site.settings;
  return {
    pull: (input, options) => pullImage(site, registries, input, options),
    inspect: (reference, options) => inspect(site, reference, options),
    hold: (imageId, tenantId, options) => hold(site, imageId, tenantId, options),
    release: (imageId, tenantId, options) => release(site, imageId, tenantId, options),
    save: (imageIds, options) => saveImages(site, imageIds, options),
    load: (input, options) => loadImages(site, input, options),
    ...(build !== null && {
      build: (input: BuildInput, options: CallOptions) => buildImage(site, logs, build, input, options),
    }),
    ...(pushRole !== null && {
      pushAccess: (input: PushAccessInput, options: CallOptions) => pushAccess(site, pushRole, input, options),
      pushed: (tenantId: string, options: CallOptions) => pushedImages(site, tenantId, options),
    }),
  };
}

async function inspect(site: Site, reference: string, options: CallOptions): Promise<ImageDetails> {
  const imageId = asImageId(reference);
  const found = imageId === null ? null : await findHeld(site, imageId, options);
  if (!found) throw new AppError('not_found', `No such image: ${reference}`);
  return found.held.details;
}

/** Copies it from another tenant's repository into one of this tenant's. */
async function hold(site: Site, imageId: string, tenantId: string, options: CallOptions): Promise<void> {
  const found = await findHeld(site, imageId, options);
  if (!found) throw new AppError('not_found', `No such image: ${imageId}`);
  if (found.tenantId === tenantId) return;
  const from = await readPlaced(site, found, options);
  const { manifest, image } = from;
  const open = openStored(site, from.repository, options);
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
