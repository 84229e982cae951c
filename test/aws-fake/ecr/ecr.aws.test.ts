/** ECR's API: layers in parts, manifests that need them, tags, lists, and what is refused. */
import { createHash } from 'node:crypto';
import {
  BatchCheckLayerAvailabilityCommand,
  BatchDeleteImageCommand,
  BatchGetImageCommand,
  CompleteLayerUploadCommand,
  CreateRepositoryCommand,
  DeleteRepositoryCommand,
  DescribeImagesCommand,
  ECRClient,
  GetDownloadUrlForLayerCommand,
  InitiateLayerUploadCommand,
  ListImagesCommand,
  PutImageCommand,
  UploadLayerPartCommand,
} from '@aws-sdk/client-ecr';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { type AwsFake, startAwsFake } from '../server.ts';

const repositoryName = 'tenant-a/app';
const megabyte = 1024 * 1024;
let fake: AwsFake;
let client: ECRClient;

beforeEach(async () => {
  fake = await startAwsFake();
  client = new ECRClient({ region: 'eu-west-1', endpoint: fake.url, credentials: fake.addUser(), maxAttempts: 1 });
  await client.send(new CreateRepositoryCommand({ repositoryName }));
});
afterEach(async () => {
  expect({ failures: fake.failures, violations: fake.violations }).toEqual({ failures: [], violations: [] });
  await fake.close();
});

const digestOf = (bytes: Uint8Array | string) => `sha256:${createHash('sha256').update(bytes).digest('hex')}`;

const upload = async (bytes: Buffer, size = 10 * megabyte) => {
  const { uploadId } = await client.send(new InitiateLayerUploadCommand({ repositoryName }));
  for (let first = 0; first < bytes.length; first += size) {
    const layerPartBlob = bytes.subarray(first, first + size);
    const part = { partFirstByte: first, partLastByte: first + layerPartBlob.length - 1, layerPartBlob };
    await client.send(new UploadLayerPartCommand({ repositoryName, uploadId, ...part }));
  }
  const layerDigests = [digestOf(bytes)];
  await client.send(new CompleteLayerUploadCommand({ repositoryName, uploadId, layerDigests }));
  return { digest: digestOf(bytes), size: bytes.length };
};

const mediaType = 'application/vnd.oci.image.manifest.v1+json';
const putImage = async (text: string, imageTag?: string) => {
  const config = { mediaType: 'application/vnd.oci.image.config.v1+json', ...(await upload(Buffer.from(text))) };
  const imageManifest = JSON.stringify({ schemaVersion: 2, mediaType, config, layers: [] });
  await client.send(new PutImageCommand({ repositoryName, imageManifest, imageTag }));
  return { imageManifest, digest: digestOf(imageManifest), config };
};

test('a layer comes in parts, is there then, and comes back by its URL, in ranges too', async () => {
  const bytes = Buffer.alloc(11 * megabyte, 'layer');
  const layer = { mediaType: 'application/vnd.oci.image.layer.v1.tar', ...(await upload(bytes)) };
  const config = { mediaType: 'application/vnd.oci.image.config.v1+json', ...(await upload(Buffer.from('{}'))) };
  const check = new BatchCheckLayerAvailabilityCommand({
    repositoryName,
    layerDigests: [layer.digest, digestOf('none')],
  });
  expect((await client.send(check)).layers).toMatchObject([
    { layerAvailability: 'AVAILABLE', layerSize: bytes.length },
    { layerAvailability: 'UNAVAILABLE' },
  ]);
  const getUrl = () => client.send(new GetDownloadUrlForLayerCommand({ repositoryName, layerDigest: layer.digest }));
  await expect(getUrl()).rejects.toMatchObject({ name: 'LayerInaccessibleException' });
  const imageManifest = JSON.stringify({ schemaVersion: 2, mediaType, config, layers: [layer] });
  await client.send(new PutImageCommand({ repositoryName, imageManifest, imageTag: 'v1' }));
  const { downloadUrl = '' } = await getUrl();
  expect(digestOf(Buffer.from(await (await fetch(downloadUrl)).arrayBuffer()))).toBe(layer.digest);
  const part = await fetch(downloadUrl, { headers: { range: 'bytes=5-9' } });
  expect({ status: part.status, text: await part.text() }).toEqual({ status: 206, text: 'layer' });
  expect((await fetch(`${downloadUrl}x`)).status).toBe(403);
});

test('parts are in order, as long as they say, large enough, and make up the digest', async () => {
  const { uploadId, partSize } = await client.send(new InitiateLayerUploadCommand({ repositoryName }));
  expect(partSize).toBe(10 * megabyte);
  const send = (partFirstByte: number, partLastByte: number, layerPartBlob: Buffer) =>
    client.send(new UploadLayerPartCommand({ repositoryName, uploadId, partFirstByte, partLastByte, layerPartBlob }));
  await send(0, 9, Buffer.alloc(10));
  const wrong = { name: 'InvalidLayerPartException', lastValidByteReceived: 9 };
  await expect(send(11, 20, Buffer.alloc(10))).rejects.toMatchObject(wrong);
  await expect(send(10, 20, Buffer.alloc(10))).rejects.toMatchObject(wrong);
  await send(10, 19, Buffer.alloc(10));
  const complete = (layerDigests: string[], id = uploadId) =>
    client.send(new CompleteLayerUploadCommand({ repositoryName, uploadId: id, layerDigests }));
  await expect(complete([digestOf('')])).rejects.toMatchObject({ name: 'LayerPartTooSmallException' });
  await upload(Buffer.from('x'));
  await expect(upload(Buffer.from('x'))).rejects.toMatchObject({ name: 'LayerAlreadyExistsException' });
  await expect(complete([digestOf('')], '00000000-0000-4000-8000-000000000000')).rejects.toMatchObject({
    name: 'UploadNotFoundException',
  });
});

test('an image needs its layers, and comes back byte for byte', async () => {
  const lacking = { schemaVersion: 2, mediaType, config: { digest: digestOf('none'), size: 4 }, layers: [] };
  const put = (manifest: unknown) =>
    client.send(new PutImageCommand({ repositoryName, imageManifest: JSON.stringify(manifest), imageTag: 'x' }));
  await expect(put(lacking)).rejects.toMatchObject({ name: 'LayersNotFoundException' });
  await expect(put({ schemaVersion: 1 })).rejects.toMatchObject({ name: 'InvalidParameterException' });
  const { imageManifest, digest, config } = await putImage('{"a":1}', 'v1');
  await expect(
    client.send(new PutImageCommand({ repositoryName, imageManifest, imageTag: 'v1' })),
  ).rejects.toMatchObject({ name: 'ImageAlreadyExistsException' });
  const imageIds = [{ imageTag: 'v1' }, { imageTag: 'v2' }];
  const got = await client.send(
    new BatchGetImageCommand({ repositoryName, imageIds, acceptedMediaTypes: [mediaType] }),
  );
  expect(got.images).toMatchObject([{ imageManifest, imageId: { imageTag: 'v1', imageDigest: digest } }]);
  expect(got.failures).toMatchObject([{ failureCode: 'ImageNotFound' }]);
  const { imageDetails } = await client.send(new DescribeImagesCommand({ repositoryName }));
  expect(imageDetails).toMatchObject([{ imageTags: ['v1'], imageSizeInBytes: config.size }]);
});

test('deleting a tag keeps an image that has another, and a list keeps its images', async () => {
  const { imageManifest, digest } = await putImage('{"a":2}', 'v1');
  await client.send(new PutImageCommand({ repositoryName, imageManifest, imageTag: 'v2' }));
  const child = { digest, size: imageManifest.length, mediaType, platform: { os: 'linux', architecture: 'amd64' } };
  const list = { schemaVersion: 2, mediaType: 'application/vnd.oci.image.index.v1+json', manifests: [child] };
  await client.send(new PutImageCommand({ repositoryName, imageManifest: JSON.stringify(list), imageTag: 'all' }));
  const remove = (imageIds: { imageTag?: string; imageDigest?: string }[]) =>
    client.send(new BatchDeleteImageCommand({ repositoryName, imageIds }));
  expect((await remove([{ imageTag: 'v1' }])).failures).toEqual([]);
  expect((await remove([{ imageDigest: digest }])).failures).toMatchObject([
    { failureCode: 'ImageReferencedByManifestList' },
  ]);
  await remove([{ imageTag: 'all' }]);
  expect((await remove([{ imageDigest: digest }])).imageIds).toEqual([{ imageDigest: digest, imageTag: 'v2' }]);
  expect((await client.send(new ListImagesCommand({ repositoryName }))).imageIds).toEqual([]);
});

test('an immutable tag stays, a full repository too, and one that is gone is not found', async () => {
  const other = { repositoryName: 'tenant-a/fixed', imageTagMutability: 'IMMUTABLE' as const };
  await client.send(new CreateRepositoryCommand(other));
  await expect(client.send(new CreateRepositoryCommand(other))).rejects.toMatchObject({
    name: 'RepositoryAlreadyExistsException',
  });
  await putImage('{}', 'v1');
  await expect(client.send(new DeleteRepositoryCommand({ repositoryName }))).rejects.toMatchObject({
    name: 'RepositoryNotEmptyException',
  });
  await client.send(new DeleteRepositoryCommand({ repositoryName, force: true }));
  await expect(putImage('{}')).rejects.toMatchObject({ name: 'RepositoryNotFoundException' });
});
