/** Which runs were made of an image: it is not to be let go of before they are. One document per run, named by what is asked. */
import type { CallOptions } from '../../provider.ts';
import { createDocument, listDocuments, removeDocument } from '../documents.ts';
import type { Site } from '../site.ts';

export interface ImageUse {
  imageId: string;
  tenantId: string;
  /** Of the run. */
  key: string;
}

/** Repeatable. Before the run is made. */
export async function writeUse(site: Site, use: ImageUse, options: CallOptions): Promise<void> {
  await createDocument(site, `${usesOf(use)}${use.key}`, {}, options);
}

/** Repeatable. After the run is gone. */
export const removeUse = (site: Site, use: ImageUse, options: CallOptions): Promise<void> =>
  removeDocument(site, `${usesOf(use)}${use.key}`, options);

export async function isImageUsed(site: Site, image: Omit<ImageUse, 'key'>, options: CallOptions): Promise<boolean> {
  return (await listDocuments(site, usesOf(image), options)).length > 0;
}

const usesOf = ({ imageId, tenantId }: Omit<ImageUse, 'key'>): string =>
  `image-uses/${tenantId}/${imageId.replace('sha256:', '')}/`;
