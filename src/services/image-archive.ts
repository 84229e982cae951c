/**
 * Archives of images, as `docker save` and others write them, unpacked into a spool and verified: an image is what its id says,
 * and each of its layers what the image says. The Engine believes both, and would hand out a layer of somebody else by its id.
 */
import { posix } from 'node:path';
import { AppError } from '../domain/errors.ts';
import { type PackedEntry, packTar, plainFile, tarEntries, uncompressed, wholeFile } from './archive-stream.ts';
import { type ArchivedImage, type ArchiveFiles, namedImages } from './image-archive-index.ts';
import { parseImageJson } from './image-json.ts';
import { readSmall, readSpooled, type Spool, type SpooledFile } from './spool.ts';

export interface VerifiedImage {
  /** `sha256:…` of its configuration. */
  id: string;
  config: Buffer;
  /** Uncompressed, base layer first. */
  layers: { diffId: string; file: SpooledFile }[];
  /** What the archive calls it, as written there. */
  names: string[];
}

const mostFiles = 20_000;

/** Throws invalid for what is no such archive or does not hold what it says, too_large, unsupported for other systems' images. */
export async function unpackImages(spool: Spool, upload: AsyncIterable<Uint8Array>): Promise<VerifiedImage[]> {
  const files = await unpack(spool, upload);
  const layers = new Map<string, SpooledFile>();
  const images: VerifiedImage[] = [];
  for (const image of await namedImages(files)) images.push(await verified(spool, image, layers));
  if (images.length === 0) throw new AppError('invalid', 'There is no image in the archive');
  return images;
}

/** The archive's files, links among them resolved. What is neither is refused. */
async function unpack(spool: Spool, upload: AsyncIterable<Uint8Array>): Promise<ArchiveFiles> {
  const files: ArchiveFiles = new Map();
  const links: [name: string, target: string][] = [];
  for await (const { entry, content } of tarEntries(spool.within(uncompressed(upload)))) {
    const { path: name, kind, linkTarget } = entry;
    if (kind === 'directory') continue;
    if (files.size === mostFiles) throw new AppError('invalid', `The archive has more than ${mostFiles} files in it`);
    if (files.has(name)) throw new AppError('invalid', `The archive has ${name} twice`);
    if (kind === 'file') files.set(name, await spool.keep(content));
    else if (kind === 'symlink' && posix.basename(name) === 'layer.tar') links.push([name, linkTarget]);
    else throw new AppError('invalid', `The archive has something in it that is no file: ${name}`);
  }
  // An image that shares a layer with another one in the same archive links to it.
  for (const [name, target] of links) {
    const file = target.startsWith('/') ? undefined : files.get(posix.join(posix.dirname(name), target));
    if (!file) throw new AppError('invalid', `The archive has a link that leads nowhere: ${name}`);
    files.set(name, file);
  }
  return files;
}

/** @param seen layers that were verified before, by diff id */
async function verified(
  spool: Spool,
  { config, layers, names }: ArchivedImage,
  seen: Map<string, SpooledFile>,
): Promise<VerifiedImage> {
  const bytes = await readSmall(config, 'The configuration of an image');
  const diffIds = parseImageJson(bytes).rootfs.diff_ids;
  if (diffIds.length !== layers.length) {
    throw new AppError('invalid', 'An image in the archive has not as many layers as its configuration says');
  }
  const found: VerifiedImage['layers'] = [];
  for (const [position, diffId] of diffIds.entries()) {
    const file = seen.get(diffId) ?? (await verifiedLayer(spool, layers[position] as SpooledFile, diffId));
    seen.set(diffId, file);
    found.push({ diffId, file });
  }
  return { id: `sha256:${config.sha256}`, config: bytes, layers: found, names };
}

/** Layers may be compressed in the archive; their diff id is that of the tar. */
async function verifiedLayer(spool: Spool, file: SpooledFile, diffId: string): Promise<SpooledFile> {
  const plain = `sha256:${file.sha256}` === diffId ? file : await spool.keep(uncompressed(readSpooled(file)));
  if (`sha256:${plain.sha256}` !== diffId) {
    throw new AppError('invalid', `A layer of the archive is not what its image says: ${diffId}`);
  }
  return plain;
}

type PackedImage = Pick<VerifiedImage, 'id' | 'config' | 'layers'>;

/** One that holds the same, in one form, under these names, and nothing else that was in the upload. */
export function packImages(images: PackedImage[], namesOf: (id: string) => string[]): AsyncGenerator<Uint8Array> {
  return packTar(entriesOf(images, namesOf));
}

function* entriesOf(images: PackedImage[], namesOf: (id: string) => string[]): Generator<PackedEntry> {
  const hex = (id: string) => id.replace('sha256:', '');
  const layerName = (diffId: string) => `${hex(diffId)}/layer.tar`;
  const layers = new Map(images.flatMap((image) => image.layers).map(({ diffId, file }) => [diffId, file]));
  for (const [diffId, file] of layers) {
    yield { entry: plainFile(layerName(diffId), file.size), content: readSpooled(file) };
  }
  for (const { id, config } of images) yield wholeFile(`${hex(id)}.json`, config);
  const manifest = images.map(({ id, layers: own }) => ({
    Config: `${hex(id)}.json`,
    RepoTags: namesOf(id),
    Layers: own.map(({ diffId }) => layerName(diffId)),
  }));
  yield wholeFile('manifest.json', Buffer.from(JSON.stringify(manifest)));
}
