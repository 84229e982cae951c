/**
 * Which images are held for which tenant, and where in ECR each of them is: one document per tenant and image, so that an
 * id is found without asking every repository. Written by whoever takes an image in or lets it go.
 */
import { z } from 'zod';
import { AppError } from '../../../domain/errors.ts';
import { imageDetails } from '../../../domain/image.ts';
import type { CallOptions } from '../../provider.ts';
import { createDocument, type Document, listDocuments, readDocument, removeDocument } from '../documents.ts';
import type { AwsAccess } from '../site.ts';

const heldImage = z.object({
  /** `registry/repository@sha256:…`, of one platform. */
  uri: z.string(),
  details: imageDetails,
});
export type HeldImage = z.infer<typeof heldImage>;

/** Throws not_found, by the name that the tenant knows it by. */
export async function readHeld(
  site: AwsAccess,
  { imageId, tenantId, reference = imageId }: { imageId: string; tenantId: string; reference?: string },
  options: CallOptions,
): Promise<HeldImage> {
  const found: Document<HeldImage> | null = await readDocument(site, nameOf(imageId, tenantId), heldImage, options);
  if (!found) throw new AppError('not_found', `No such image: ${reference}`);
  return found.value;
}

/** Repeatable. */
export async function writeHeld(
  site: AwsAccess,
  image: HeldImage,
  tenantId: string,
  options: CallOptions,
): Promise<void> {
  await createDocument(site, nameOf(image.details.id, tenantId), image, options);
}

/** Repeatable. */
export const removeHeld = (site: AwsAccess, imageId: string, tenantId: string, options: CallOptions): Promise<void> =>
  removeDocument(site, nameOf(imageId, tenantId), options);

export async function listHeld(
  site: AwsAccess,
  options: CallOptions,
): Promise<{ imageId: string; tenantId: string }[]> {
  const names = await listDocuments(site, 'images/', options);
  return names.map(({ name }) => {
    const [, tenantId = '', hex = ''] = name.split('/');
    return { tenantId, imageId: `sha256:${hex}` };
  });
}

const nameOf = (imageId: string, tenantId: string): string => `images/${tenantId}/${imageId.replace('sha256:', '')}`;
