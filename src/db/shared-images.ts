/** The rows of the shared tenant: written by the system when a process starts, read by every tenant. */
import { and, eq, notInArray, sql } from 'drizzle-orm';
import type { ImageDetails, ImageTag } from '../domain/image.ts';
import { SHARED_TENANT_ID } from '../domain/principal.ts';
import type { Db } from './client.ts';
import { images, imageTags } from './schema.ts';
import { withSystem } from './tenancy.ts';

export interface SharedImage {
  details: ImageDetails;
  tag: ImageTag | null;
  repoDigests: string[];
}

const tenantId = SHARED_TENANT_ID;

/** Makes these the shared images, and no others. Answers the ids of those that are shared no more. */
export function replaceSharedImages(db: Db, wanted: SharedImage[]): Promise<string[]> {
  return withSystem(db, 'the operator shares images with every tenant', async (tx) => {
    await tx.delete(imageTags).where(eq(imageTags.tenantId, tenantId));
    const ids = wanted.map(({ details }) => details.id);
    const gone = await tx
      .delete(images)
      .where(and(eq(images.tenantId, tenantId), ids.length > 0 ? notInArray(images.id, ids) : undefined))
      .returning({ id: images.id });
    for (const { details, tag, repoDigests } of wanted) {
      await tx
        .insert(images)
        .values({ tenantId, id: details.id, details, repoDigests })
        .onConflictDoUpdate({
          target: [images.tenantId, images.id],
          set: { details, repoDigests: sql`excluded.repo_digests` },
        });
      if (tag)
        await tx
          .insert(imageTags)
          .values({ tenantId, imageId: details.id, ...tag })
          .onConflictDoNothing();
    }
    return gone.map(({ id }) => id);
  });
}
