/** Pulls: from somebody's registry into the tenant's own repository on ECR. */

import { AppError } from '../../../domain/errors.ts';
import { familiarReference, type ImageDetails, type ImageReference } from '../../../domain/image.ts';
import type { RegistryPolicy } from '../../../domain/registry-policy.ts';
import { fetchBlob, fetchManifest, openBlob } from '../../../registry/manifests.ts';
import { openRegistry } from '../../../registry/session.ts';
import type { CallOptions, PullInput, PullProgress } from '../../provider.ts';
import type { Site } from '../site.ts';
import { copyImage, type ImageSource } from './copy.ts';
import { ensureRepository, readManifest } from './ecr.ts';
import { writeHeld } from './held.ts';
import { choose, detailsOf, manifestTypes, mediaTypeOf, parseManifest } from './manifest.ts';
import { repositoryPath } from './repository-paths.ts';
import { maxConfigBytes } from './stored.ts';

/** How often a pull may lose its image to a release of the same tenant before it gives up. */
const attempts = 5;

/** The registry is asked every time, whatever is there already: it judges the credential. */
export async function* pullImage(
  site: Site,
  policy: RegistryPolicy,
  input: PullInput,
  options: CallOptions,
): AsyncGenerator<PullProgress, ImageDetails, void> {
  const { source, details } = await findImage(site, policy, input, options);
  const { tenantId } = input;
  for (let attempt = 1; attempt <= attempts; attempt++) {
    const repository = await ensureRepository(site, tenantId, repositoryPath(input), options);
    yield* copyImage(site, repository, source, options);
    const { digest } = source.manifest;
    await writeHeld(site, { uri: `${repository.uri}@${digest}`, details }, tenantId, options);
    if (!(await readManifest(site, repository, digest, options))) continue;
    yield { id: null, status: `Digest: ${details.digest}`, current: null, total: null };
    return details;
  }
  throw new AppError('unavailable', `The image was removed while it was pulled: ${familiarReference(input)}`);
}

async function findImage(site: Site, policy: RegistryPolicy, input: PullInput, options: CallOptions) {
  const { domain, path, auth } = input;
  const { signal } = options;
  const session = openRegistry({ policy, domain, auth, scope: `repository:${path}:pull`, signal });
  const first = await fetchManifest(session, input, input.digest ?? input.tag ?? 'latest', manifestTypes);
  const chosen = chosenOf(first.bytes, input.platform ?? `linux/${site.settings.architecture}`, input);
  const found = chosen === null ? first : await fetchManifest(session, input, chosen, manifestTypes);
  const manifest = parseManifest(found.bytes);
  if (manifest.kind !== 'image') throw new AppError('unsupported', 'A list of lists of images cannot be pulled');
  const blob = { path, digest: manifest.image.config.digest, maxBytes: maxConfigBytes };
  const config = await fetchBlob(session, policy, blob, signal);
  const source: ImageSource = {
    manifest: {
      text: found.bytes.toString(),
      digest: found.digest,
      mediaType: mediaTypeOf(found.bytes, found.contentType),
    },
    image: manifest.image,
    open: (digest, from) => openBlob(session, policy, { path, digest, from }, signal),
  };
  return { source, details: detailsOf(manifest.image, config, first.digest) };
}

/** The digest of the image in a list; null where there is no list. */
function chosenOf(bytes: Buffer, platform: string, reference: ImageReference): string | null {
  const manifest = parseManifest(bytes);
  if (manifest.kind === 'image') return null;
  const chosen = choose(manifest.list, platform);
  if (chosen) return chosen.digest;
  throw new AppError('not_found', `No image of ${familiarReference(reference)} is for ${platform}`);
}
