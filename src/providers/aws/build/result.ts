/** The image that a build machine pushed, held for its tenant from then on. */
import { AppError } from '../../../domain/errors.ts';
import type { ImageDetails } from '../../../domain/image.ts';
import type { CallOptions } from '../../provider.ts';
import { imageOf } from '../images/copy.ts';
import { deleteTag, putManifest, type Repository, readTagged } from '../images/ecr.ts';
import { writeHeld } from '../images/held.ts';
import { detailsOf, parseManifest } from '../images/manifest.ts';
import { openStored, readConfig } from '../images/stored.ts';
import type { Site } from '../site.ts';

/** @param tag of this build alone; it is gone afterwards */
export async function takeResult(
  site: Site,
  repository: Repository & { uri: string },
  tag: string,
  options: CallOptions,
): Promise<ImageDetails> {
  const manifest = await readTagged(site, repository, tag, options);
  if (!manifest) throw new AppError('unavailable', 'The image that was built is not in ECR');
  const image = imageOf(parseManifest(Buffer.from(manifest.text)));
  const config = await readConfig(openStored(site, repository, options), image.config, options);
  const details = detailsOf(image, config, null);
  await putManifest(site, repository, manifest, details.id, options);
  await writeHeld(site, { uri: `${repository.uri}@${manifest.digest}`, details }, repository.tenantId, options);
  await deleteTag(site, repository, tag, options);
  return details;
}
