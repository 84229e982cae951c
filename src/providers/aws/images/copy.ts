/** An image into a repository of ECR, layer by layer, from wherever it is. What ECR has already is not fetched. */
import { AppError, hasCode } from '../../../domain/errors.ts';
import type { CallOptions, PullProgress } from '../../provider.ts';
import type { Site } from '../site.ts';
import { layersThere, putManifest, type Repository, type StoredManifest } from './ecr.ts';
import type { Blob, ImageManifest } from './manifest.ts';
import { type OpenBlob, uploadLayer } from './upload.ts';

export interface ImageSource {
  manifest: StoredManifest;
  image: ImageManifest;
  open: OpenBlob;
}

/** Layers may be collected between their look-up and the manifest that needs them. */
const attempts = 3;

/** Yields progress in Docker's words. Repeatable. */
export async function* copyImage(
  site: Site,
  repository: Repository,
  { manifest, image, open }: ImageSource,
  options: CallOptions,
): AsyncGenerator<PullProgress, void, void> {
  const blobs = [...new Map([...image.layers, image.config].map((blob) => [blob.digest, blob])).values()];
  for (let attempt = 1; ; attempt++) {
    const digests = blobs.map(({ digest }) => digest);
    const there = await layersThere(site, repository, digests, options);
    for (const blob of blobs) {
      if (there.has(blob.digest)) yield told(blob, 'Already exists');
      else yield* copyBlob(site, repository, blob, open, options);
    }
    try {
      return await putManifest(site, repository, manifest, image.config.digest, options);
    } catch (error) {
      if (!hasCode(error, 'not_found') || attempt === attempts) throw error;
    }
  }
}

async function* copyBlob(
  site: Site,
  repository: Repository,
  blob: Blob,
  open: OpenBlob,
  options: CallOptions,
): AsyncGenerator<PullProgress, void, void> {
  yield told(blob, 'Pulling fs layer');
  for await (const bytes of uploadLayer(site, repository, blob, open, options)) {
    yield { ...told(blob, 'Downloading'), current: bytes, total: blob.size };
  }
  yield told(blob, 'Pull complete');
}

function told({ digest }: Blob, status: string): PullProgress {
  return { id: digest.slice('sha256:'.length, 'sha256:'.length + 12), status, current: null, total: null };
}

/** For images whose manifest is known to be one of a single image. */
export function imageOf(manifest: { kind: 'image'; image: ImageManifest } | { kind: 'index' }): ImageManifest {
  if (manifest.kind === 'image') return manifest.image;
  throw new AppError('internal', 'A list of images is where an image was put');
}
