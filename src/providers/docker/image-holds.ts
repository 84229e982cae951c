/**
 * Who keeps an image on the Engine: a tag per tenant that only Longshore reads, `longshore/<install>/<tenant>:<id>`. An image
 * that a pull of ours brought has one more, the mark: only such an image goes when the last hold does, whatever
 * installation held it. References that somebody else made are never touched.
 */

import { z } from 'zod';
import { sha256 } from '../../domain/clock.ts';
import { AppError, unless } from '../../domain/errors.ts';
import type { CallOptions } from '../provider.ts';
import { type Site, safeName } from './client.ts';
import { type InspectedImage, imagePath, inspectImage } from './image-details.ts';
import { ownedBy, tenantLabel } from './labels.ts';

const markRepository = 'longshore/pulled';
const holdPattern = /^longshore\/[0-9a-f]{12}\/[a-z0-9-]+:[0-9a-f]{32}$/;

const subject = { noun: 'image' } as const;
const using = z.array(z.object({ ImageID: z.string() }));

/** The part of a hold's name that all holds of this installation share. */
export function holdPrefix(installId: string): string {
  return `longshore/${sha256(installId).slice(0, 12)}`;
}

/** A hold on something that has no id yet; whoever makes it tags it for good and takes this away again. */
export function provisionalHold(site: Site, tenantId: string, unique: string): { repo: string; tag: string } {
  return { repo: `${holdPrefix(site.installId)}/${safeName(tenantId)}`, tag: sha256(unique).slice(0, 32) };
}

function holdTag(site: Site, imageId: string, tenantId: string) {
  return { repo: `${holdPrefix(site.installId)}/${safeName(tenantId)}`, tag: shortened(imageId) };
}

function shortened(imageId: string): string {
  return imageId.replace('sha256:', '').slice(0, 32);
}

/** Throws not_found when the image is not there. `ours`: a pull of ours brought it. */
export function holdImage(
  site: Site,
  imageId: string,
  tenantId: string,
  options: CallOptions,
  ours = false,
): Promise<void> {
  return site.inTurn(imageId, options, async () => {
    // The mark comes first: an image with a hold alone would stay for ever if we died in between.
    if (ours) await markPulled(site, imageId, options);
    await tagImage(site, imageId, holdTag(site, imageId, tenantId), options);
  });
}

/** What an image is to be called from its first moment on, so that it is never there without its hold. */
export function holdNames(site: Site, imageId: string, tenantId: string, ours: boolean): string[] {
  const { repo, tag } = holdTag(site, imageId, tenantId);
  return [...(ours ? [`${markRepository}:${shortened(imageId)}`] : []), `${repo}:${tag}`];
}

export function isMarked(image: InspectedImage): boolean {
  return image.RepoTags.includes(`${markRepository}:${shortened(image.Id)}`);
}

function isHeld(image: InspectedImage): boolean {
  return image.RepoTags.some((tag) => holdPattern.test(tag));
}

async function markPulled(site: Site, imageId: string, options: CallOptions): Promise<void> {
  await tagImage(site, imageId, { repo: markRepository, tag: shortened(imageId) }, options);
}

async function tagImage(
  site: Site,
  imageId: string,
  query: { repo: string; tag: string },
  options: CallOptions,
): Promise<void> {
  await site.engine.call({ method: 'POST', path: `${imagePath(imageId)}/tag`, query, subject }, options);
}

/** Ends a hold, and lets the Engine reclaim the image when that was the last one. Conflict while the tenant's runs use it. */
export function releaseImage(site: Site, imageId: string, tenantId: string, options: CallOptions): Promise<void> {
  return site.inTurn(imageId, options, async () => {
    if (await isUsed(site, imageId, tenantId, options)) {
      throw new AppError('conflict', 'The image is in use by a container');
    }
    const { repo, tag } = holdTag(site, imageId, tenantId);
    await untag(site, `${repo}:${tag}`, options);
    const image = await inspectImage(site, imageId, options);
    if (image) await reclaim(site, image, options);
  });
}

async function isUsed(site: Site, imageId: string, tenantId: string, options: CallOptions): Promise<boolean> {
  const filters = ownedBy(site.installId, { label: [`${tenantLabel}=${tenantId}`], ancestor: [imageId] });
  const request = { method: 'GET', path: '/containers/json', query: { all: true, ...filters }, subject } as const;
  // An image that is gone is no ancestor of anything.
  const found = await unless(site.engine.ask(request, using, options), ['not_found'], []);
  return found.some((container) => container.ImageID === imageId);
}

/** The mark goes last: while it is there, whoever comes next can finish this. */
async function reclaim(site: Site, image: InspectedImage, options: CallOptions): Promise<void> {
  if (!isMarked(image) || isHeld(image)) return;
  const mark = `${markRepository}:${shortened(image.Id)}`;
  const foreign = image.RepoTags.some((tag) => tag !== mark);
  if (!foreign) for (const digest of image.RepoDigests) await untag(site, digest, options);
  // Conflict: a container of somebody else uses it, so that it stays.
  await unless(untag(site, mark, options), ['conflict'], undefined);
  // Another tenant may have taken hold of it meanwhile; without the mark its last release would leave it behind.
  const left = await inspectImage(site, image.Id, options);
  if (left && isHeld(left)) await unless(markPulled(site, image.Id, options), ['not_found'], undefined);
}

/** Removes a reference, and with the last one the image. */
export async function untag(site: Site, reference: string, options: CallOptions): Promise<void> {
  const request = { method: 'DELETE', path: imagePath(reference), subject } as const;
  await unless(site.engine.call(request, options), ['not_found'], undefined);
}
