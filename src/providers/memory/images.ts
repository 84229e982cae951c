/**
 * Images of registries that have everything: any reference pulls, always with the same content. Exceptions: a name like
 * something absent (script.ts) is not there, a path under `private/` wants the password `secret`, and no registry listens on
 * port 1. One record per image, held by any number of tenants.
 */
import { sha256 } from '../../domain/clock.ts';
import { AppError } from '../../domain/errors.ts';
import { familiarReference, type ImageDetails, parseImageReference } from '../../domain/image.ts';
import type { PullInput, PullProgress } from '../provider.ts';
import { directory, emptyRoot } from './file-tree.ts';
import { describe, type ImageContent, toLayer } from './image-content.ts';
import { isNamedAbsent } from './script.ts';
import type { MemoryImage, MemoryWorld } from './world.ts';

const holdKey = (installId: string, tenantId: string) => `${installId}/${tenantId}`;

export function* pullImage(
  world: MemoryWorld,
  installId: string,
  input: PullInput,
): Generator<PullProgress, ImageDetails, void> {
  const reference = familiarReference(input);
  if (input.domain.endsWith(':1')) throw new AppError('unavailable', `The registry ${input.domain} does not answer`);
  if (isNamedAbsent(input.path)) throw new AppError('not_found', `No such image at its registry: ${reference}`);
  if (input.path.startsWith('private/') && input.auth?.password !== 'secret') {
    throw new AppError('forbidden', `The registry refuses the credential for ${reference}`);
  }
  const { details, content } = pulledImage(input);
  yield { id: null, status: `Pulling ${reference}`, current: null, total: null };
  for (const layer of details.layers) {
    const id = layer.slice('sha256:'.length, 'sha256:'.length + 12);
    yield { id, status: 'Pull complete', current: layerBytes, total: layerBytes };
  }
  const image = world.images.get(details.id) ?? {
    details,
    references: new Set(),
    holds: new Map(),
    files: emptyRoot(),
    content,
  };
  image.references.add(reference);
  image.holds.set(holdKey(installId, input.tenantId), { installId, tenantId: input.tenantId });
  world.images.set(details.id, image);
  return details;
}

export function inspectImage(world: MemoryWorld, reference: string): ImageDetails {
  const byId = world.images.get(reference);
  if (byId) return byId.details;
  const familiar = familiarReference(parseImageReference(reference));
  for (const image of world.images.values()) if (image.references.has(familiar)) return image.details;
  throw new AppError('not_found', `No such image: ${reference}`);
}

export function holdImage(world: MemoryWorld, installId: string, imageId: string, tenantId: string): void {
  getImage(world, imageId).holds.set(holdKey(installId, tenantId), { installId, tenantId });
}

/** The last hold takes the image with it. */
export function releaseImage(world: MemoryWorld, installId: string, imageId: string, tenantId: string): void {
  const image = world.images.get(imageId);
  if (!image) return;
  for (const { input } of world.runs.values()) {
    if (input.imageId === imageId && input.tenantId === tenantId) {
      throw new AppError('conflict', 'The image is in use by a container.');
    }
  }
  image.holds.delete(holdKey(installId, tenantId));
  if (image.holds.size === 0) world.images.delete(imageId);
}

function getImage(world: MemoryWorld, imageId: string): MemoryImage {
  const image = world.images.get(imageId);
  if (!image) throw new AppError('not_found', `No such image: ${imageId}`);
  return image;
}

const layerBytes = 2_000_000;

/** What a tag stands for at the registry. */
function manifestDigest({ domain, path, tag }: Pick<PullInput, 'domain' | 'path' | 'tag'>): string {
  return `sha256:${sha256(`${domain}/${path}:${tag ?? 'latest'}`)}`;
}

/** Follows from the digest alone, so that a tag and its digest are one image. */
function pulledImage(input: PullInput): { details: ImageDetails; content: ImageContent } {
  const digest = input.digest ?? manifestDigest(input);
  const createdAt = '2026-01-01T00:00:00.000Z';
  const facts = {
    ...{ digest, os: 'linux', architecture: 'amd64', sizeBytes: 2 * layerBytes, createdAt, author: '', comment: '' },
    config: {
      ...{ entrypoint: null, command: ['serve'], workdir: '', user: '', labels: {}, exposedPorts: [], volumes: [] },
      env: ['PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin'],
      ...{ stopSignal: null, healthcheck: null, shell: null, onBuild: [] },
    },
    history: ['content', 'base'].map((createdBy) => ({
      ...{ createdAt, createdBy, sizeBytes: layerBytes, comment: '', emptyLayer: false },
    })),
  };
  return describe(facts, [layerWith('base'), layerWith(digest)]);
}

/** Nothing but a name, which makes it another layer than others. */
function layerWith(name: string): Uint8Array {
  const folder = directory(new Date('2026-01-01T00:00:00.000Z'));
  return toLayer([[`/var/${name.replace(':', '-')}`, folder]]);
}
