/** Images of a repository, by manifest. */
import type {
  BatchDeleteImageRequest,
  BatchDeleteImageResponse,
  BatchGetImageRequest,
  BatchGetImageResponse,
  DescribeImagesRequest,
  DescribeImagesResponse,
  ImageDetail,
  ImageFailure,
  ImageIdentifier,
  ListImagesRequest,
  ListImagesResponse,
  PutImageRequest,
  PutImageResponse,
} from '@aws-sdk/client-ecr';
import { AwsError } from '../aws-error.ts';
import { page } from '../pages.ts';
import type { Call } from '../service.ts';
import { digestOf, type StoredManifest, type StoredRepository } from './image-store.ts';
import { manifestBlobs, manifestChildren, manifestMediaType, parseManifest } from './manifest.ts';

export function putImage(input: PutImageRequest, { site }: Call): PutImageResponse {
  const repository = site.ecr.repository(input.repositoryName);
  const bytes = Buffer.from(input.imageManifest ?? '');
  const stored = storeManifest(site.ecr, repository, bytes, input, site.now());
  return { image: shownImage(site.account, repository, stored, input.imageTag) };
}

/** Checks that everything the manifest names is there, then stores it. The registry's PUT comes here too. */
export function storeManifest(
  store: { put: (...args: [StoredRepository, Buffer, string | undefined, string | undefined, Date]) => StoredManifest },
  repository: StoredRepository,
  bytes: Buffer,
  wanted: Pick<PutImageRequest, 'imageTag' | 'imageDigest' | 'imageManifestMediaType'>,
  at: Date,
): StoredManifest {
  const { imageTag, imageDigest, imageManifestMediaType } = wanted;
  const invalid = (text: string) =>
    new AwsError('InvalidParameterException', `Invalid parameter at 'ImageManifest': ${text}`);
  if (!parseManifest(bytes)) throw invalid('invalid image manifest');
  const digest = digestOf(bytes);
  if (imageDigest && imageDigest !== digest) {
    throw new AwsError('ImageDigestDoesNotMatchException', 'The given digest is not the one of the manifest.');
  }
  if (imageManifestMediaType && imageManifestMediaType !== manifestMediaType(bytes))
    throw invalid('media types differ');
  const absent = manifestBlobs(bytes).filter((blob) => !repository.layers.has(blob.digest));
  if (absent.length > 0) {
    const text = `Layers with digests '[${absent.map((blob) => blob.digest).join(', ')}]' required for pushing image`;
    throw new AwsError('LayersNotFoundException', `${text} into repository with name do not exist`);
  }
  if (manifestChildren(bytes)?.some((child) => !repository.manifests.has(child.digest))) {
    throw new AwsError('ReferencedImagesNotFoundException', 'Images of the manifest list are not in the repository.');
  }
  const known = repository.manifests.get(digest);
  if (known && (imageTag === undefined || known.tags.has(imageTag))) {
    const text = `Image with digest '${digest}' and tag '${imageTag}' already exists`;
    throw new AwsError('ImageAlreadyExistsException', text);
  }
  const isTaken = [...repository.manifests.values()].some(({ tags }) => imageTag !== undefined && tags.has(imageTag));
  if (isTaken && repository.shown.imageTagMutability?.startsWith('IMMUTABLE')) {
    const text = `The image tag '${imageTag}' already exists in the repository and cannot be overwritten because it is immutable.`;
    throw new AwsError('ImageTagAlreadyExistsException', text);
  }
  return store.put(repository, bytes, imageTag, imageManifestMediaType, at);
}

export function batchGetImage(input: BatchGetImageRequest, { site }: Call): BatchGetImageResponse {
  const repository = site.ecr.repository(input.repositoryName);
  const images: BatchGetImageResponse['images'] = [];
  const failures: ImageFailure[] = [];
  for (const imageId of input.imageIds ?? []) {
    const { stored, failure } = find(repository, imageId);
    if (failure) failures.push(failure);
    else if (input.acceptedMediaTypes && !input.acceptedMediaTypes.includes(stored.mediaType)) {
      failures.push(failing(imageId, 'ImageNotFound', 'Requested image not found').failure);
    } else {
      stored.pulledAt = site.now();
      images.push(shownImage(site.account, repository, stored, imageId.imageTag));
    }
  }
  return { images, failures };
}

type Found = { stored: StoredManifest; failure?: undefined } | { failure: ImageFailure; stored?: undefined };

function find(repository: StoredRepository, imageId: ImageIdentifier): Found {
  const { imageDigest, imageTag } = imageId;
  const manifests = [...repository.manifests.values()];
  if (!imageDigest && !imageTag) {
    return failing(imageId, 'MissingDigestAndTag', 'Invalid request parameters');
  }
  const found = manifests.find(
    ({ digest, tags }) => (!imageDigest || digest === imageDigest) && (!imageTag || tags.has(imageTag)),
  );
  if (found) return { stored: found };
  const exists = imageDigest && imageTag && repository.manifests.has(imageDigest);
  if (exists) return failing(imageId, 'ImageTagDoesNotMatchDigest', 'Tag and digest differ');
  return failing(imageId, 'ImageNotFound', 'Requested image not found');
}

function failing(imageId: ImageIdentifier, failureCode: ImageFailure['failureCode'], failureReason: string) {
  return { failure: { imageId, failureCode, failureReason } };
}

function shownImage(registryId: string, { shown }: StoredRepository, stored: StoredManifest, imageTag?: string) {
  return {
    registryId,
    repositoryName: shown.repositoryName,
    imageId: { imageDigest: stored.digest, ...(imageTag && { imageTag }) },
    imageManifest: stored.bytes.toString('utf8'),
    imageManifestMediaType: stored.mediaType,
  };
}

export function describeImages(input: DescribeImagesRequest, { site }: Call): DescribeImagesResponse {
  const repository = site.ecr.repository(input.repositoryName);
  const { tagStatus = 'ANY' } = input.filter ?? {};
  const chosen = input.imageIds
    ? input.imageIds.map((imageId) => {
        const { stored } = find(repository, imageId);
        if (stored) return stored;
        const { shown } = repository;
        const text = `The image with imageId ${JSON.stringify(imageId)} does not exist within the repository`;
        throw new AwsError('ImageNotFoundException', `${text} with name '${shown.repositoryName}'`);
      })
    : [...repository.manifests.values()].filter(
        ({ tags }) => tagStatus === 'ANY' || (tagStatus === 'TAGGED') === tags.size > 0,
      );
  const { items, next } = page(chosen, input.nextToken, input.maxResults ?? 100, 'InvalidParameterException');
  const imageDetails = items.map((stored) => detailOf(site.account, repository, stored));
  return { imageDetails, ...(next && { nextToken: next }) };
}

function detailOf(registryId: string, repository: StoredRepository, stored: StoredManifest): ImageDetail {
  const sizes = manifestBlobs(stored.bytes).map(({ size }) => size);
  return {
    registryId,
    repositoryName: repository.shown.repositoryName,
    imageDigest: stored.digest,
    ...(stored.tags.size > 0 && { imageTags: [...stored.tags] }),
    ...(sizes.length > 0 && { imageSizeInBytes: sizes.reduce((sum, size) => sum + size, 0) }),
    imagePushedAt: stored.pushedAt,
    imageManifestMediaType: stored.mediaType,
    ...(stored.pulledAt && { lastRecordedPullTime: stored.pulledAt }),
  };
}

export function listImages(input: ListImagesRequest, { site }: Call): ListImagesResponse {
  const repository = site.ecr.repository(input.repositoryName);
  const { tagStatus = 'ANY' } = input.filter ?? {};
  const all = [...repository.manifests.values()].flatMap(({ digest, tags }): ImageIdentifier[] =>
    tags.size === 0 ? [{ imageDigest: digest }] : [...tags].map((imageTag) => ({ imageDigest: digest, imageTag })),
  );
  const chosen = all.filter(({ imageTag }) => tagStatus === 'ANY' || (tagStatus === 'TAGGED') === Boolean(imageTag));
  const { items, next } = page(chosen, input.nextToken, input.maxResults ?? 100, 'InvalidParameterException');
  return { imageIds: items, ...(next && { nextToken: next }) };
}

/** By tag only the tag goes, and the image with its last one; by digest the image with all of them. */
export function batchDeleteImage(input: BatchDeleteImageRequest, { site }: Call): BatchDeleteImageResponse {
  const repository = site.ecr.repository(input.repositoryName);
  const imageIds: ImageIdentifier[] = [];
  const failures: ImageFailure[] = [];
  for (const imageId of input.imageIds ?? []) {
    const { stored, failure } = find(repository, imageId);
    if (failure) {
      failures.push(failure);
      continue;
    }
    const { digest, tags } = stored;
    const onlyTag = imageId.imageTag !== undefined && imageId.imageDigest === undefined && tags.size > 1;
    if (!onlyTag && isChild(repository, digest)) {
      const failureReason = 'Requested image referenced by manifest list';
      failures.push({ imageId, failureCode: 'ImageReferencedByManifestList', failureReason });
      continue;
    }
    const gone = onlyTag ? [imageId.imageTag ?? ''] : [...tags];
    for (const tag of gone) tags.delete(tag);
    if (!onlyTag) repository.manifests.delete(digest);
    if (gone.length === 0) imageIds.push({ imageDigest: digest });
    for (const imageTag of gone) imageIds.push({ imageDigest: digest, imageTag });
  }
  return { imageIds, failures };
}

function isChild(repository: StoredRepository, digest: string): boolean {
  return [...repository.manifests.values()].some(({ bytes }) =>
    manifestChildren(bytes)?.some((child) => child.digest === digest),
  );
}
