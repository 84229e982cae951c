/** Images as JSON. */
import { z } from 'zod';
import { type Image, imageConfig, imageHistory } from '../../domain/image.ts';
import type { PullProgress } from '../../services/image-pull.ts';
import type { RemovedImage } from '../../services/image-references.ts';
import { problem } from './openapi.ts';

export const imageView = z
  .object({
    id: z.string().describe('sha256:… of its configuration'),
    tags: z.array(z.string()).describe('repository:tag'),
    repoDigests: z.array(z.string()).describe('repository@sha256:…, for each place it was pulled from'),
    shared: z.boolean().describe('Given to every tenant by the operator: read-only'),
    os: z.string(),
    architecture: z.string(),
    sizeBytes: z.number(),
    createdAt: z.string(),
    author: z.string().describe('Empty where nobody is named'),
    pulledAt: z.iso.datetime(),
    config: imageConfig,
    layers: z.array(z.string()).describe('Diff ids, base layer first'),
  })
  .meta({ id: 'Image' });

export const viewImage = (image: Image): z.input<typeof imageView> => ({
  id: image.id,
  tags: image.tags.map(({ repository, tag }) => `${repository}:${tag}`),
  repoDigests: image.repoDigests,
  shared: image.shared,
  os: image.os,
  architecture: image.architecture,
  sizeBytes: image.sizeBytes,
  createdAt: image.createdAt,
  author: image.author ?? '',
  pulledAt: image.pulledAt.toISOString(),
  config: image.config,
  layers: image.layers,
});

export const taggedView = imageView
  .extend({ changed: z.boolean().describe('False when the image had this tag already') })
  .meta({ id: 'TaggedImage' });

export const historyView = z.object({ items: imageHistory }).meta({ id: 'ImageHistory' });

export const removedView = z
  .object({
    id: z.string(),
    untagged: z.array(z.string()).describe('Names that it lost'),
    removed: z.boolean().describe('False: other names are left, and so is the image'),
  })
  .meta({ id: 'RemovedImage' });

export const viewRemoved = ({ id, untagged, removed }: RemovedImage): z.input<typeof removedView> => ({
  id,
  untagged,
  removed,
});

export const prunedView = z
  .object({
    removed: z.array(removedView),
    sizeBytes: z.number().describe('The sum over images; layers that others still use are not freed'),
  })
  .meta({ id: 'PrunedImages' });

/** One line of a streamed pull: progress, and at last the image or what went wrong. */
export const pullLine = z
  .union([
    z.object({
      id: z.string().nullable().describe('Of a layer'),
      status: z.string(),
      current: z.number().nullable(),
      total: z.number().nullable(),
    }),
    z.object({ image: imageView }),
    z.object({ error: problem }),
  ])
  .meta({ id: 'PullLine' });

export const viewProgress = ({ id, status, current, total }: PullProgress) => ({ id, status, current, total });

export const diskUsageView = z
  .object({
    images: z.object({ count: z.int(), sizeBytes: z.number().describe('A layer that two images share counts twice') }),
    containers: z.object({ count: z.int() }),
    volumes: z.array(
      z.object({
        name: z.string(),
        sizeBytes: z.number().nullable().describe('Null: nothing has mounted it yet, or the provider cannot tell'),
      }),
    ),
  })
  .meta({ id: 'DiskUsage' });
