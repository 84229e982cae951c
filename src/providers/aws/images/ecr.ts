/** ECR's requests: repositories, manifests, layers. Throws AppError only. */
import {
  BatchCheckLayerAvailabilityCommand,
  BatchDeleteImageCommand,
  BatchGetImageCommand,
  CreateRepositoryCommand,
  DescribeRepositoriesCommand,
  GetDownloadUrlForLayerCommand,
  type ImageIdentifier,
  PutImageCommand,
} from '@aws-sdk/client-ecr';
import { AppError, unless } from '../../../domain/errors.ts';
import type { CallOptions } from '../../provider.ts';
import { isAwsError } from '../errors.ts';
import { repositoryPrefix, tagsOf, upperTags } from '../naming.ts';
import { ask, type Site } from '../site.ts';
import { manifestTypes } from './manifest.ts';

/** A repository of one tenant. */
export interface Repository {
  tenantId: string;
  name: string;
}

export interface StoredManifest {
  /** Exactly as it was put: its digest is of these bytes. */
  text: string;
  digest: string;
  mediaType: string;
}

const subject = { noun: 'image' };
/** Of digests in one request. */
const batch = 100;

/** Repeatable. @param path of the tenant's own; see repositoryPath */
export async function ensureRepository(
  site: Site,
  tenantId: string,
  path: string,
  options: CallOptions,
): Promise<Repository & { uri: string; arn: string }> {
  const name = `${repositoryPrefix(site, tenantId)}/${path}`;
  const command = new CreateRepositoryCommand({
    repositoryName: name,
    imageTagMutability: 'MUTABLE',
    tags: upperTags(tagsOf(site, { tenantId })),
  });
  const send = (http: { abortSignal: AbortSignal }) => site.clients.ecr.send(command, http);
  const call = { action: 'ecr:CreateRepository', subject: { noun: 'repository' }, tenantId, send };
  try {
    const { repository } = await ask(site, call, options);
    return { tenantId, name, uri: repository?.repositoryUri ?? '', arn: repository?.repositoryArn ?? '' };
  } catch (error) {
    if (!isAwsError(error, /^RepositoryAlreadyExistsException$/)) throw error;
    return { tenantId, name, ...(await placeOf(site, { tenantId, name }, options)) };
  }
}

async function placeOf(site: Site, { tenantId, name }: Repository, options: CallOptions) {
  const command = new DescribeRepositoriesCommand({ repositoryNames: [name] });
  const send = (http: { abortSignal: AbortSignal }) => site.clients.ecr.send(command, http);
  const call = { action: 'ecr:DescribeRepositories', subject: { noun: 'repository' }, tenantId, send };
  const { repositories: [found] = [] } = await ask(site, call, options);
  return { uri: found?.repositoryUri ?? '', arn: found?.repositoryArn ?? '' };
}

/** Null when it is not there. */
export const readManifest = (
  site: Site,
  repository: Repository,
  imageDigest: string,
  options: CallOptions,
): Promise<StoredManifest | null> => readImage(site, repository, { imageDigest }, options);

export const readTagged = (
  site: Site,
  repository: Repository,
  imageTag: string,
  options: CallOptions,
): Promise<StoredManifest | null> => readImage(site, repository, { imageTag }, options);

async function readImage(
  site: Site,
  { tenantId, name }: Repository,
  wanted: ImageIdentifier,
  options: CallOptions,
): Promise<StoredManifest | null> {
  const command = new BatchGetImageCommand({
    repositoryName: name,
    imageIds: [wanted],
    acceptedMediaTypes: [...manifestTypes],
  });
  const send = (http: { abortSignal: AbortSignal }) => site.clients.ecr.send(command, http);
  const call = { action: 'ecr:BatchGetImage', subject, tenantId, send };
  const answer = await unless(ask(site, call, options), ['not_found'], null);
  const image = answer?.images?.[0];
  if (!image?.imageManifest) return null;
  const digest = image.imageId?.imageDigest ?? wanted.imageDigest ?? '';
  return { text: image.imageManifest, digest, mediaType: image.imageManifestMediaType ?? '' };
}

/** ECR's own clean-up takes images without a tag; what identifies an id fits in one. */
const holdTag = (imageId: string): string => `id-${imageId.replace('sha256:', '').slice(0, 40)}`;

/** Repeatable. Throws not_found when layers of it are not there. */
export async function putManifest(
  site: Site,
  { tenantId, name }: Repository,
  { text, digest, mediaType }: StoredManifest,
  imageId: string,
  options: CallOptions,
): Promise<void> {
  const command = new PutImageCommand({
    ...{ repositoryName: name, imageManifest: text, imageManifestMediaType: mediaType },
    ...{ imageDigest: digest, imageTag: holdTag(imageId) },
  });
  const send = (http: { abortSignal: AbortSignal }) => site.clients.ecr.send(command, http);
  try {
    await ask(site, { action: 'ecr:PutImage', subject, tenantId, send }, options);
  } catch (error) {
    if (!isAwsError(error, /^ImageAlreadyExistsException$/)) throw error;
  }
}

/** With all of its tags. Repeatable: absent = done. */
export const deleteManifest = (
  site: Site,
  repository: Repository,
  imageDigest: string,
  options: CallOptions,
): Promise<void> => deleteImage(site, repository, { imageDigest }, options);

/** The image stays where it has another. Repeatable: absent = done. */
export const deleteTag = (site: Site, repository: Repository, imageTag: string, options: CallOptions): Promise<void> =>
  deleteImage(site, repository, { imageTag }, options);

async function deleteImage(
  site: Site,
  { tenantId, name }: Repository,
  which: ImageIdentifier,
  options: CallOptions,
): Promise<void> {
  const command = new BatchDeleteImageCommand({ repositoryName: name, imageIds: [which] });
  const send = (http: { abortSignal: AbortSignal }) => site.clients.ecr.send(command, http);
  const call = { action: 'ecr:BatchDeleteImage', subject, tenantId, send };
  const answer = await unless(ask(site, call, options), ['not_found'], null);
  const failure = answer?.failures?.find(({ failureCode }) => failureCode !== 'ImageNotFound');
  // An index that the tenant pushed there himself names it: that is his to remove.
  if (failure && failure.failureCode !== 'ImageReferencedByManifestList') {
    throw new AppError('internal', 'AWS did not remove the image', { cause: failure });
  }
}

/** Those of the blobs that the repository has. */
export async function layersThere(
  site: Site,
  { tenantId, name }: Repository,
  digests: string[],
  options: CallOptions,
): Promise<Set<string>> {
  const there = new Set<string>();
  for (let from = 0; from < digests.length; from += batch) {
    const layerDigests = digests.slice(from, from + batch);
    const command = new BatchCheckLayerAvailabilityCommand({ repositoryName: name, layerDigests });
    const send = (http: { abortSignal: AbortSignal }) => site.clients.ecr.send(command, http);
    const call = { action: 'ecr:BatchCheckLayerAvailability', subject, tenantId, send };
    const { layers = [] } = await ask(site, call, options);
    for (const { layerDigest, layerAvailability } of layers) {
      if (layerDigest && layerAvailability === 'AVAILABLE') there.add(layerDigest);
    }
  }
  return there;
}

/** Where the bytes are for a short while. It is a capability, and no log may have it. */
export async function downloadUrl(
  site: Site,
  { tenantId, name }: Repository,
  digest: string,
  options: CallOptions,
): Promise<string> {
  const command = new GetDownloadUrlForLayerCommand({ repositoryName: name, layerDigest: digest });
  const send = (http: { abortSignal: AbortSignal }) => site.clients.ecr.send(command, http);
  const call = { action: 'ecr:GetDownloadUrlForLayer', subject, tenantId, send };
  const answer = await ask(site, call, options);
  if (answer.downloadUrl) return answer.downloadUrl;
  throw new AppError('internal', 'AWS does not say where a layer is');
}
