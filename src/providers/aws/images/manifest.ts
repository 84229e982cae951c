/** Manifests and configurations of images: read, chosen among, described. Pure. https://github.com/opencontainers/image-spec */
import { z } from 'zod';
import { AppError } from '../../../domain/errors.ts';
import type { ImageDetails } from '../../../domain/image.ts';
import {
  historyStepJson,
  imageConfigJson,
  optionalText,
  toHistory,
  toImageConfig,
} from '../../../domain/image-config-json.ts';

export const manifestTypes = [
  'application/vnd.oci.image.index.v1+json',
  'application/vnd.docker.distribution.manifest.list.v2+json',
  'application/vnd.oci.image.manifest.v1+json',
  'application/vnd.docker.distribution.manifest.v2+json',
] as const;

const digest = z.string().regex(/^sha256:[0-9a-f]{64}$/);
const blob = z.object({ mediaType: z.string().optional(), digest, size: z.number().int().nonnegative() });
export type Blob = z.infer<typeof blob>;

const platform = z.object({ os: z.string(), architecture: z.string(), variant: z.string().optional() });
const index = z.object({ manifests: z.array(blob.extend({ platform: platform.optional() })).max(1000) });
const image = z.object({ config: blob, layers: z.array(blob).max(1000) });
export type ImageManifest = z.infer<typeof image>;
const typed = z.object({ mediaType: z.string().optional() });

export type Manifest = { kind: 'index'; list: z.infer<typeof index> } | { kind: 'image'; image: ImageManifest };

/** Throws unsupported for what is neither an image nor a list of images. */
export function parseManifest(bytes: Buffer): Manifest {
  const json = parsed(bytes);
  const asIndex = index.safeParse(json);
  if (asIndex.success) return { kind: 'index', list: asIndex.data };
  const asImage = image.safeParse(json);
  if (asImage.success) return { kind: 'image', image: asImage.data };
  throw new AppError('unsupported', 'The manifest is none that can be used here: neither Docker version 2 nor OCI');
}

/** As the manifest says, or else as its sender did. */
export function mediaTypeOf(bytes: Buffer, contentType: string | undefined): string {
  const own = typed.safeParse(parsed(bytes));
  const said = own.success ? own.data.mediaType : undefined;
  const sent = contentType?.split(';')[0]?.trim();
  return said ?? manifestTypes.find((type) => type === sent) ?? 'application/vnd.oci.image.manifest.v1+json';
}

function parsed(bytes: Buffer): unknown {
  try {
    return JSON.parse(bytes.toString());
  } catch {
    return null;
  }
}

/** Null when the list has nothing for it. @param wanted `os[/architecture[/variant]]` */
export function choose({ manifests }: z.infer<typeof index>, wanted: string): Blob | null {
  const [os, architecture, variant] = wanted.split('/');
  const fitting = manifests.filter(
    ({ platform: each }) => each?.os === os && (architecture === undefined || each?.architecture === architecture),
  );
  const exact = fitting.find(({ platform: each }) => variant !== undefined && each?.variant === variant);
  if (exact) return exact;
  if (variant !== undefined && fitting.some(({ platform: each }) => each?.variant !== undefined)) return null;
  // Where none is asked for, the common one of 64-bit ARM is v8; that of others is none.
  return fitting.find(({ platform: each }) => (each?.variant ?? 'v8') === 'v8') ?? fitting[0] ?? null;
}

const config = z.object({
  os: z.string(),
  architecture: z.string(),
  created: optionalText,
  author: optionalText,
  comment: optionalText,
  rootfs: z.object({ diff_ids: z.array(digest) }),
  history: z
    .array(historyStepJson)
    .nullish()
    .transform((list) => list ?? []),
  config: imageConfigJson.nullish(),
});

/** @param from the digest at its registry. Throws unsupported for a configuration that is none of an image. */
export function detailsOf(manifest: ImageManifest, bytes: Buffer, from: string | null): ImageDetails {
  const read = config.safeParse(parsed(bytes));
  if (!read.success) throw new AppError('unsupported', 'The image has no configuration that can be read');
  const { os, architecture, created, author, comment, rootfs, history } = read.data;
  const sizes = manifest.layers.map(({ size }) => size);
  return {
    id: manifest.config.digest,
    digest: from,
    ...{ os, architecture, createdAt: created, author },
    comment: comment || (history.at(-1)?.comment ?? ''),
    // ECR knows layers as they are sent: compressed.
    sizeBytes: sizes.reduce((sum, size) => sum + size, 0),
    config: toImageConfig(read.data.config),
    layers: rootfs.diff_ids,
    history: toHistory(history, sizes),
  };
}
