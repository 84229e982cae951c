/**
 * Images out of ECR as the tar that `docker save` writes. Layers are in it as ECR has them, compressed, so that they pass through
 * without ever being on a disk; whoever reads such archives takes them so.
 */
import { AppError } from '../../../domain/errors.ts';
import { tarEnd, tarHeader, tarPadding } from '../../../domain/tar.ts';
import type { CallOptions } from '../../provider.ts';
import type { Site } from '../site.ts';
import type { Repository } from './ecr.ts';
import type { Blob } from './manifest.ts';
import { findHeld, type PlacedImage, readPlaced } from './places.ts';
import { openStored, readConfig, wholeBlob } from './stored.ts';

/** Throws not_found before anything is written. */
export async function* saveImages(
  site: Site,
  imageIds: string[],
  options: CallOptions,
): AsyncGenerator<Uint8Array, void, void> {
  const images: PlacedImage[] = [];
  for (const imageId of imageIds) {
    const found = await findHeld(site, imageId, options);
    if (!found) throw new AppError('not_found', `No such image: ${imageId}`);
    images.push(await readPlaced(site, found, options));
  }
  const layers = new Map<string, { blob: Blob; repository: Repository }>();
  for (const { image, repository } of images) {
    for (const blob of image.layers) layers.set(blob.digest, { blob, repository });
  }
  for (const { blob, repository } of layers.values()) {
    yield header(layerName(blob), blob.size);
    yield* wholeBlob(openStored(site, repository, options), blob, options);
    yield tarPadding(blob.size);
  }
  for (const { image, repository } of images) {
    const config = await readConfig(openStored(site, repository, options), image.config, options);
    yield* file(configName(image.config), config);
  }
  const manifest = images.map(({ image }) => ({
    Config: configName(image.config),
    RepoTags: null,
    Layers: image.layers.map(layerName),
  }));
  yield* file('manifest.json', Buffer.from(JSON.stringify(manifest)));
  yield tarEnd();
}

const hex = ({ digest }: Blob): string => digest.replace('sha256:', '');
const layerName = (blob: Blob): string => `${hex(blob)}/layer.tar`;
const configName = (blob: Blob): string => `${hex(blob)}.json`;

function header(path: string, sizeBytes: number): Uint8Array {
  const own = { mode: 0o644, uid: 0, gid: 0, modifiedAt: new Date(0), linkTarget: '' };
  return tarHeader({ path, kind: 'file', sizeBytes, ...own });
}

function* file(path: string, content: Uint8Array): Generator<Uint8Array, void, void> {
  yield header(path, content.byteLength);
  yield content;
  yield tarPadding(content.byteLength);
}
