/** The Engine's description of an image, and what the domain keeps of it. */
import { z } from 'zod';
import { AppError, unless } from '../../domain/errors.ts';
import { asImageId, type ImageDetails, parseImageReference } from '../../domain/image.ts';
import { imageConfigJson, optionalTexts, toImageConfig } from '../../domain/image-config-json.ts';
import type { CallOptions } from '../provider.ts';
import type { Site } from './client.ts';

const inspected = z.object({
  Id: z.string(),
  RepoTags: optionalTexts,
  RepoDigests: optionalTexts,
  Created: z.string().nullish(),
  Os: z.string(),
  Architecture: z.string(),
  Author: z.string().nullish(),
  Comment: z.string().nullish(),
  Size: z.number(),
  RootFS: z.object({ Layers: optionalTexts }),
  Config: imageConfigJson.nullish(),
});
export type InspectedImage = z.infer<typeof inspected>;

const history = z.array(
  z.object({ Created: z.number(), CreatedBy: z.string(), Size: z.number(), Comment: z.string().nullish() }),
);

/** A reference as part of a path. Throws `invalid` for anything that is neither a full id nor a reference. */
export function imagePath(reference: string): string {
  const id = asImageId(reference);
  if (id !== null) return `/images/${id}`;
  const { domain, path, tag, digest } = parseImageReference(reference);
  return `/images/${domain}/${path}${digest === null ? `:${tag}` : `@${digest}`}`;
}

/** Null when the Engine has no such image. */
export async function inspectImage(
  site: Site,
  reference: string,
  options: CallOptions,
): Promise<InspectedImage | null> {
  const request = {
    method: 'GET',
    path: `${imagePath(reference)}/json`,
    subject: { noun: 'image', reference },
  } as const;
  return unless(site.engine.ask(request, inspected, options), ['not_found'], null);
}

/** Throws not_found naming the reference. `digest`: the one it was pulled by; else the first that the Engine remembers. */
export async function imageDetails(
  site: Site,
  reference: string,
  options: CallOptions,
  digest: string | null = null,
): Promise<ImageDetails> {
  const image = await inspectImage(site, reference, options);
  if (!image) throw new AppError('not_found', `No such image: ${reference}`);
  const path = `${imagePath(image.Id)}/history`;
  const request = { method: 'GET', path, subject: { noun: 'image', reference } } as const;
  const steps = await site.engine.ask(request, history, options);
  return {
    id: image.Id,
    digest: digest ?? image.RepoDigests[0]?.split('@')[1] ?? null,
    os: image.Os,
    architecture: image.Architecture,
    sizeBytes: image.Size,
    createdAt: image.Created ?? '',
    author: image.Author ?? '',
    comment: image.Comment ?? '',
    config: toImageConfig(image.Config),
    layers: image.RootFS.Layers,
    history: steps.map((step) => ({
      createdAt: new Date(step.Created * 1000).toISOString(),
      createdBy: step.CreatedBy,
      sizeBytes: step.Size,
      comment: step.Comment ?? '',
      // The Engine does not say which steps made no layer; a layer of no bytes is indistinguishable.
      emptyLayer: step.Size === 0,
    })),
  };
}
