/**
 * Pushing an image: the provider's archive of it, verified and sent by us. No name is ever made on a provider that others use as
 * well, so that two tenants who push under one name at once cannot get each other's image.
 */
import { pipeline, Readable } from 'node:stream';
import { createGzip } from 'node:zlib';
import type { Ctx, Deps } from '../context.ts';
import { addRepoDigest } from '../db/image-changes.ts';
import { AppError } from '../domain/errors.ts';
import { lacking } from '../domain/features.ts';
import { familiarRepository, parseImageReference } from '../domain/image.ts';
import { actorOf } from '../domain/principal.ts';
import { eventsTopic } from '../domain/wakeups.ts';
import type { PullProgress, RegistryAuth } from '../providers/provider.ts';
import { checkRegistry } from '../registry/policy.ts';
import { openRegistry } from '../registry/session.ts';
import { type Blob, putManifest, uploadBlob } from '../registry/upload.ts';
import { authorize } from './authorize.ts';
import { unpackImages } from './image-archive.ts';
import { requireImage } from './images.ts';
import { openSpool, readSpooled, type Spool, type SpooledFile } from './spool.ts';

export type { PullProgress };

const PUSH_SECONDS = 60 * 60;

export interface PushedImage {
  /** `repository` in the familiar form. */
  repository: string;
  tag: string;
  /** Of its manifest. */
  digest: string;
  size: number;
}

/** Throws not_found (image), forbidden (policy, or the registry refuses), unavailable. An end of the request ends the push. */
export async function* pushImage(
  deps: Deps,
  ctx: Ctx,
  { reference: text, auth }: { reference: string; auth: RegistryAuth | null },
): AsyncGenerator<PullProgress, PushedImage, void> {
  authorize(ctx.principal, 'write');
  const { save } = deps.provider.images;
  if (!save) throw lacking(deps.provider.name, 'images.save');
  const image = await requireImage(deps, ctx, text);
  const reference = parseImageReference(text);
  const { domain, path, tag } = reference;
  if (tag === null || reference.digest !== null) throw new AppError('invalid', 'cannot push a digest reference');
  await checkRegistry(deps.registries, domain);
  const { tenantId } = ctx.principal;
  using _place = deps.places.pulls.take(tenantId);
  await using spool = await openSpool(2 * deps.limits.maxUploadBytes);
  const signal = AbortSignal.any([ctx.signal, AbortSignal.timeout(PUSH_SECONDS * 1000)]);
  const session = openRegistry({
    ...{ policy: deps.registries, domain, auth, signal },
    scope: `repository:${path}:pull,push`,
  });
  const [saved] = await unpackImages(spool, save([image.id], { signal }));
  if (saved?.id !== image.id) throw new AppError('internal', 'The provider saved another image');
  const layers: Blob[] = [];
  for (const { diffId, file } of saved.layers) {
    const id = diffId.slice('sha256:'.length, 'sha256:'.length + 12);
    yield { id, status: 'Preparing', current: null, total: null };
    const { blob, packed } = await compressed(spool, file);
    yield { id, status: 'Pushing', current: 0, total: blob.size };
    const isNew = await uploadBlob(session, path, blob, () => readSpooled(packed));
    yield { id, status: isNew ? 'Pushed' : 'Layer already exists', current: null, total: null };
    await spool.drop(packed);
    layers.push(blob);
  }
  const config = { digest: image.id, size: saved.config.length };
  await uploadBlob(session, path, config, () => [saved.config]);
  const manifest = manifestOf(config, layers);
  const digest = await putManifest(session, { path, tag, manifest });
  const repository = familiarRepository(reference);
  if (!image.shared) {
    const name = `${repository}:${tag}`;
    const actor = actorOf(ctx.principal);
    await addRepoDigest(deps.db, { tenantId, id: image.id, digest: `${repository}@${digest}`, name, actor });
    deps.wakeups.wake(eventsTopic(tenantId));
  }
  return { repository, tag, digest, size: manifest.length };
}

/** The same for the same layer each time, so that a registry that has it need not be sent it again. */
async function compressed(spool: Spool, file: SpooledFile): Promise<{ blob: Blob; packed: SpooledFile }> {
  const gzip = createGzip();
  // What goes wrong on the way is thrown to whoever reads the end of it.
  pipeline(Readable.from(readSpooled(file), { objectMode: false }), gzip, () => {});
  const packed = await spool.keep(gzip);
  return { blob: { digest: `sha256:${packed.sha256}`, size: packed.size }, packed };
}

/** https://distribution.github.io/distribution/spec/manifest-v2-2/ */
function manifestOf(config: Blob, layers: Blob[]): Buffer {
  const manifest = {
    schemaVersion: 2,
    mediaType: 'application/vnd.docker.distribution.manifest.v2+json',
    config: { mediaType: 'application/vnd.docker.container.image.v1+json', ...config },
    layers: layers.map((layer) => ({ mediaType: 'application/vnd.docker.image.rootfs.diff.tar.gzip', ...layer })),
  };
  return Buffer.from(JSON.stringify(manifest));
}
