/** Images out of the world and into it, as archives that any other provider could have written. */
import { z } from 'zod';
import { AppError } from '../../domain/errors.ts';
import type { ImageDetails } from '../../domain/image.ts';
import { readTar, tarEnd, tarHeader, tarPadding } from '../../domain/tar.ts';
import type { LoadInput } from '../provider.ts';
import { digestOf, gathered, type ImageContent, readContent, toTree } from './image-content.ts';
import { holdImage } from './images.ts';
import type { MemoryWorld } from './world.ts';

const hex = (id: string): string => id.replace('sha256:', '');

export function* saveImages(world: MemoryWorld, imageIds: string[]): Generator<Uint8Array, void, void> {
  const files = new Map<string, Uint8Array>();
  const manifest = imageIds.map((id) => {
    const image = world.images.get(id);
    if (!image) throw new AppError('not_found', `No such image: ${id}`);
    files.set(`${hex(id)}.json`, image.content.config);
    const layers = image.content.layers.map((layer) => {
      const path = `${hex(digestOf(layer))}/layer.tar`;
      files.set(path, layer);
      return path;
    });
    return { Config: `${hex(id)}.json`, RepoTags: null, Layers: layers };
  });
  files.set('manifest.json', Buffer.from(JSON.stringify(manifest)));
  for (const [path, data] of files) {
    const nobody = { mode: 0o644, uid: 0, gid: 0, modifiedAt: new Date(0), linkTarget: '' };
    yield tarHeader({ ...nobody, path, kind: 'file', sizeBytes: data.byteLength });
    yield data;
    yield tarPadding(data.byteLength);
  }
  yield tarEnd();
}

const manifestJson = z.array(z.object({ Config: z.string(), Layers: z.array(z.string()) }));

export async function loadImages(
  world: MemoryWorld,
  installId: string,
  { imageIds, archive, tenantId }: LoadInput,
): Promise<ImageDetails[]> {
  const files = new Map<string, Uint8Array>();
  for await (const { entry, content } of readTar(archive(() => []))) files.set(entry.path, await gathered(content));
  const fileAt = (path: string): Uint8Array => {
    const file = files.get(path);
    if (!file) throw new AppError('invalid', `The archive lacks ${path}`);
    return file;
  };
  const loaded = new Map<string, ImageDetails>();
  for (const { Config, Layers } of manifestJson.parse(JSON.parse(Buffer.from(fileAt('manifest.json')).toString()))) {
    const content: ImageContent = { config: fileAt(Config), layers: Layers.map(fileAt) };
    const details = world.images.get(digestOf(content.config))?.details ?? readContent(content);
    if (!world.images.has(details.id)) {
      const files = await toTree(content.layers);
      world.images.set(details.id, { details, content, files, references: new Set(), holds: new Map() });
    }
    holdImage(world, installId, details.id, tenantId);
    loaded.set(details.id, details);
  }
  return imageIds.map((id) => {
    const details = loaded.get(id);
    if (!details) throw new AppError('invalid', `The archive lacks the image ${id}`);
    return details;
  });
}
