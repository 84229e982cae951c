/** Images of an archive into ECR: each layer is compressed, hashed and sent while it is read, a part of it in memory at a time. */
import { createHash } from 'node:crypto';
import { pipeline, Readable } from 'node:stream';
import { createGunzip, createGzip, createZstdDecompress } from 'node:zlib';
import { z } from 'zod';
import { sha256 } from '../../../domain/clock.ts';
import { AppError, hasCode } from '../../../domain/errors.ts';
import type { ImageDetails } from '../../../domain/image.ts';
import { readTar } from '../../../domain/tar.ts';
import type { CallOptions, LoadInput } from '../../provider.ts';
import type { Site } from '../site.ts';
import { ensureRepository, putManifest, type Repository, readManifest } from './ecr.ts';
import { writeHeld } from './held.ts';
import { type Blob, detailsOf } from './manifest.ts';
import { maxConfigBytes } from './stored.ts';
import { uploadStream } from './upload.ts';

/** Of images that come without the name of a repository. */
const ownRepository = 'images';
/** How often a load may lose something to a release or a clean-up before it gives up. */
const attempts = 3;

const manifestJson = z.array(z.object({ Config: z.string(), Layers: z.array(z.string()) }));
const mediaTypes = {
  manifest: 'application/vnd.docker.distribution.manifest.v2+json',
  config: 'application/vnd.docker.container.image.v1+json',
  layer: 'application/vnd.docker.image.rootfs.diff.tar.gzip',
} as const;

/** Throws invalid for an archive that is not as it was said to be. */
export async function loadImages(site: Site, input: LoadInput, options: CallOptions): Promise<ImageDetails[]> {
  const repository = await ensureRepository(site, input.tenantId, ownRepository, options);
  for (let attempt = 1; attempt <= attempts; attempt++) {
    try {
      const loaded = await load(site, repository, input, options);
      if (loaded) return loaded;
    } catch (error) {
      if (!hasCode(error, 'not_found')) throw error;
    }
  }
  throw new AppError('unavailable', 'The image was removed while it was loaded');
}

/** Null when one of them was released meanwhile. */
async function load(
  site: Site,
  repository: Repository & { uri: string },
  { imageIds, archive, tenantId }: LoadInput,
  options: CallOptions,
): Promise<ImageDetails[] | null> {
  const { layers, texts } = await takeIn(site, repository, archive(noNames), options);
  const manifest = manifestJson.parse(JSON.parse(texts.get('manifest.json')?.toString() ?? 'null'));
  const loaded = new Map<string, ImageDetails>();
  for (const { Config, Layers } of manifest) {
    const config = texts.get(Config);
    if (!config) throw new AppError('invalid', 'The archive lacks the configuration of an image');
    const own = Layers.map((path) => layers.get(path) ?? missingLayer());
    const configBlob = await uploadStream(site, repository, Readable.from([config]), options);
    const blobs = { config: configBlob, layers: own.map(({ blob }) => blob) };
    const details = detailsOf(blobs, config, null);
    if (details.layers.join() !== own.map(({ diffId }) => diffId).join()) {
      throw new AppError('invalid', 'A layer of the archive is not what its image says');
    }
    const text = manifestOf(blobs.config, blobs.layers);
    const digest = `sha256:${sha256(text)}`;
    await putManifest(site, repository, { text, digest, mediaType: mediaTypes.manifest }, details.id, options);
    await writeHeld(site, { uri: `${repository.uri}@${digest}`, details }, tenantId, options);
    if (!(await readManifest(site, repository, digest, options))) return null;
    loaded.set(details.id, details);
  }
  return imageIds.map((id) => loaded.get(id) ?? missingImage(id));
}

const noNames = (): string[] => [];

interface Layer {
  blob: Blob;
  /** Of the tar that was compressed. */
  diffId: string;
}

async function takeIn(
  site: Site,
  repository: Repository,
  archive: AsyncIterable<Uint8Array>,
  options: CallOptions,
): Promise<{ layers: Map<string, Layer>; texts: Map<string, Buffer> }> {
  const layers = new Map<string, Layer>();
  const texts = new Map<string, Buffer>();
  for await (const { entry, content } of readTar(archive)) {
    if (entry.kind !== 'file') continue;
    if (entry.path.endsWith('layer.tar')) layers.set(entry.path, await sendLayer(site, repository, content, options));
    else texts.set(entry.path, await wholeText(content));
  }
  return { layers, texts };
}

async function sendLayer(
  site: Site,
  repository: Repository,
  content: AsyncIterable<Uint8Array>,
  options: CallOptions,
): Promise<Layer> {
  const hash = createHash('sha256');
  const hashed = async function* () {
    for await (const chunk of plain(content)) {
      hash.update(chunk);
      yield chunk;
    }
  };
  const gzip = createGzip();
  // What goes wrong on the way is thrown to whoever reads the end of it.
  pipeline(Readable.from(hashed(), { objectMode: false }), gzip, () => {});
  const blob = await uploadStream(site, repository, gzip, options);
  return { blob, diffId: `sha256:${hash.digest('hex')}` };
}

/** What it is a tar of: `docker save` writes layers as they are kept, which may be compressed. */
async function* plain(content: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array, void, void> {
  const chunks = content[Symbol.asyncIterator]();
  const first = await chunks.next();
  if (first.done) return;
  const whole = async function* () {
    yield first.value;
    for (let next = await chunks.next(); !next.done; next = await chunks.next()) yield next.value;
  };
  const [one, two] = first.value;
  const unpacking =
    one === 0x1f && two === 0x8b ? createGunzip() : one === 0x28 && two === 0xb5 ? createZstdDecompress() : null;
  if (!unpacking) return yield* whole();
  pipeline(Readable.from(whole(), { objectMode: false }), unpacking, () => {});
  try {
    yield* unpacking;
  } catch (error) {
    if (error instanceof AppError) throw error;
    throw new AppError('invalid', 'A layer of the archive cannot be unpacked', { cause: error });
  }
}

async function wholeText(content: AsyncIterable<Uint8Array>): Promise<Buffer> {
  const chunks: Uint8Array[] = [];
  let size = 0;
  for await (const chunk of content) {
    size += chunk.byteLength;
    if (size > maxConfigBytes) throw new AppError('invalid', 'The configuration of the image is too long');
    chunks.push(chunk);
  }
  return Buffer.concat(chunks);
}

function manifestOf(config: Blob, layers: Blob[]): string {
  return JSON.stringify({
    schemaVersion: 2,
    mediaType: mediaTypes.manifest,
    config: { mediaType: mediaTypes.config, ...config },
    layers: layers.map((layer) => ({ mediaType: mediaTypes.layer, ...layer })),
  });
}

function missingLayer(): never {
  throw new AppError('invalid', 'The archive lacks a layer of an image');
}

function missingImage(id: string): never {
  throw new AppError('invalid', `The archive lacks the image ${id}`);
}
