/** Layers: uploaded in parts, downloaded from a URL that holds for a while. */
import type {
  BatchCheckLayerAvailabilityRequest,
  BatchCheckLayerAvailabilityResponse,
  CompleteLayerUploadRequest,
  CompleteLayerUploadResponse,
  GetDownloadUrlForLayerRequest,
  GetDownloadUrlForLayerResponse,
  InitiateLayerUploadRequest,
  InitiateLayerUploadResponse,
  UploadLayerPartRequest,
  UploadLayerPartResponse,
} from '@aws-sdk/client-ecr';
import { AwsError } from '../aws-error.ts';
import type { Call } from '../service.ts';
import type { Site } from '../site.ts';
import { digestOf, type LayerUpload } from './image-store.ts';
import { manifestBlobs } from './manifest.ts';

const partSize = 10 * 1024 * 1024;
const minPartSize = 5 * 1024 * 1024;
const maxParts = 4200;

export function batchCheckLayerAvailability(
  { repositoryName, layerDigests = [] }: BatchCheckLayerAvailabilityRequest,
  { site }: Call,
): BatchCheckLayerAvailabilityResponse {
  const { layers } = site.ecr.repository(repositoryName);
  return {
    layers: layerDigests.map((layerDigest) => {
      const found = layers.get(layerDigest);
      return found
        ? { layerDigest, layerAvailability: 'AVAILABLE' as const, layerSize: found.length }
        : { layerDigest, layerAvailability: 'UNAVAILABLE' as const };
    }),
    failures: [],
  };
}

export function initiateLayerUpload(
  { repositoryName = '' }: InitiateLayerUploadRequest,
  { site }: Call,
): InitiateLayerUploadResponse {
  site.ecr.repository(repositoryName);
  return { uploadId: site.ecr.openUpload(repositoryName).id, partSize };
}

/** Parts come one after the other, from the byte where the last one ended. */
export function uploadLayerPart(input: UploadLayerPartRequest, { site }: Call): UploadLayerPartResponse {
  const { partFirstByte = 0, partLastByte = 0, layerPartBlob = new Uint8Array() } = input;
  const upload = uploadOf(site, input.repositoryName, input.uploadId);
  const details = {
    registryId: site.account,
    repositoryName: upload.repository,
    uploadId: upload.id,
    lastValidByteReceived: upload.bytes - 1,
  };
  if (partFirstByte !== upload.bytes) {
    const text = `Part first byte ${partFirstByte} is not the one expected: ${upload.bytes}`;
    throw new AwsError('InvalidLayerPartException', text, 400, details);
  }
  if (partLastByte - partFirstByte + 1 !== layerPartBlob.length) {
    throw new AwsError('InvalidLayerPartException', 'The part is not as long as its bytes say', 400, details);
  }
  if (upload.parts.length >= maxParts) throw new AwsError('LimitExceededException', 'Too many parts');
  upload.parts.push(Buffer.from(layerPartBlob));
  upload.bytes += layerPartBlob.length;
  const { repositoryName, uploadId, registryId } = details;
  return { registryId, repositoryName, uploadId, lastByteReceived: upload.bytes - 1 };
}

export function completeLayerUpload(input: CompleteLayerUploadRequest, { site }: Call): CompleteLayerUploadResponse {
  const upload = uploadOf(site, input.repositoryName, input.uploadId);
  const { layers } = site.ecr.repository(upload.repository);
  if (upload.bytes === 0) throw new AwsError('EmptyUploadException', 'The upload has no parts');
  if (upload.parts.slice(0, -1).some((part) => part.length < minPartSize)) {
    throw new AwsError('LayerPartTooSmallException', `Layer parts must be at least ${minPartSize} bytes in size.`);
  }
  const bytes = Buffer.concat(upload.parts);
  const digest = digestOf(bytes);
  if (!input.layerDigests?.includes(digest)) {
    throw new AwsError('InvalidLayerException', `The layer's digest is ${digest}, not ${input.layerDigests}`);
  }
  if (layers.has(digest)) {
    throw new AwsError('LayerAlreadyExistsException', `Layer with digest '${digest}' already exists`);
  }
  layers.set(digest, bytes);
  site.ecr.uploads.delete(upload.id);
  return { registryId: site.account, repositoryName: upload.repository, uploadId: upload.id, layerDigest: digest };
}

/** Only of layers that an image has. */
export function getDownloadUrlForLayer(
  { repositoryName, layerDigest = '' }: GetDownloadUrlForLayerRequest,
  { site }: Call,
): GetDownloadUrlForLayerResponse {
  const repository = site.ecr.repository(repositoryName);
  const isUsed = [...repository.manifests.values()].some(({ bytes }) =>
    manifestBlobs(bytes).some((blob) => blob.digest === layerDigest),
  );
  const bytes = repository.layers.get(layerDigest);
  if (!bytes) throw new AwsError('LayersNotFoundException', `Layer ${layerDigest} does not exist`);
  if (!isUsed) throw new AwsError('LayerInaccessibleException', 'The layer is not of an image');
  const path = site.world.downloads.offer(bytes, site.world.clock.now());
  return { downloadUrl: `${site.world.url}${path}`, layerDigest };
}

function uploadOf(site: Site, repositoryName = '', id = ''): LayerUpload {
  site.ecr.repository(repositoryName);
  const found = site.ecr.uploads.get(id);
  if (!found || found.repository !== repositoryName) {
    throw new AwsError('UploadNotFoundException', `The upload ${id} could not be found.`);
  }
  return found;
}
