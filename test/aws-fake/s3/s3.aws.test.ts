/** S3: objects whole, in parts and in ranges, and URLs that are good without a key. */
import { Readable } from 'node:stream';
import {
  CompleteMultipartUploadCommand,
  CreateBucketCommand,
  CreateMultipartUploadCommand,
  DeleteObjectCommand,
  DeleteObjectsCommand,
  GetObjectCommand,
  HeadObjectCommand,
  ListObjectsV2Command,
  PutObjectCommand,
  S3Client,
  UploadPartCommand,
} from '@aws-sdk/client-s3';
import { getSignedUrl } from '@aws-sdk/s3-request-presigner';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { defaultAccount } from '../front-door.ts';
import { type AwsFake, startAwsFake } from '../server.ts';

const region = 'eu-west-1';
const Bucket = 'contexts';
let fake: AwsFake;
let client: S3Client;

beforeAll(async () => {
  fake = await startAwsFake();
  client = new S3Client({ region, endpoint: fake.url, credentials: fake.addUser(), maxAttempts: 1 });
  await client.send(new CreateBucketCommand({ Bucket }));
});
afterAll(async () => {
  await fake.close();
  expect({ failures: fake.failures, violations: fake.violations }).toEqual({ failures: [], violations: [] });
});

const textOf = async (Key: string, Range?: string) => {
  const { Body } = await client.send(new GetObjectCommand({ Bucket, Key, Range }));
  return Body?.transformToString();
};

test('an object comes back as it was put, with what was said of it', async () => {
  const put = { Bucket, Key: 'a b/ü+1', Body: 'hello', ContentType: 'text/plain', Metadata: { tenant: 'a' } };
  await client.send(new PutObjectCommand(put));
  expect(await textOf(put.Key)).toBe('hello');
  expect(await textOf(put.Key, 'bytes=1-2')).toBe('el');
  expect(await textOf(put.Key, 'bytes=-3')).toBe('llo');
  const head = await client.send(new HeadObjectCommand({ Bucket, Key: put.Key }));
  expect(head).toMatchObject({ ContentLength: 5, ContentType: 'text/plain', Metadata: { tenant: 'a' } });
});

test('an object is made once, and changed only by who has read it', async () => {
  const put = (Body: string, condition: object) =>
    client.send(new PutObjectCommand({ Bucket, Key: 'once', Body, ...condition }));
  await expect(put('early', { IfMatch: '"0"' })).rejects.toMatchObject({ name: 'NoSuchKey' });
  const { ETag } = await put('one', { IfNoneMatch: '*' });
  await expect(put('two', { IfNoneMatch: '*' })).rejects.toMatchObject({ name: 'PreconditionFailed' });
  await put('two', { IfMatch: ETag });
  await expect(put('three', { IfMatch: ETag })).rejects.toMatchObject({ name: 'PreconditionFailed' });
  expect(await textOf('once')).toBe('two');
});

test('a stream comes in chunks with a checksum behind it', async () => {
  const bytes = Buffer.alloc(300_000, 'stream');
  const Body = Readable.from([bytes.subarray(0, 100_000), bytes.subarray(100_000)]);
  await client.send(new PutObjectCommand({ Bucket, Key: 'stream', Body, ContentLength: bytes.length }));
  expect(await textOf('stream')).toBe(bytes.toString());
});

test('parts make one object, and small ones do not', async () => {
  const upload = async (Key: string, bodies: Buffer[]) => {
    const { UploadId } = await client.send(new CreateMultipartUploadCommand({ Bucket, Key }));
    const Parts = [];
    for (const [index, Body] of bodies.entries()) {
      const part = { Bucket, Key, UploadId, PartNumber: index + 1, Body };
      const { ETag } = await client.send(new UploadPartCommand(part));
      Parts.push({ ETag, PartNumber: index + 1 });
    }
    return client.send(new CompleteMultipartUploadCommand({ Bucket, Key, UploadId, MultipartUpload: { Parts } }));
  };
  const large = Buffer.alloc(5 * 1024 * 1024, 'x');
  expect((await upload('parts', [large, Buffer.from('end')])).ETag).toMatch(/-2"$/);
  expect((await textOf('parts'))?.length).toBe(large.length + 3);
  await expect(upload('small', [Buffer.from('a'), Buffer.from('b')])).rejects.toMatchObject({ name: 'EntityTooSmall' });
});

test('presigned URLs put and get without a key, until they are changed', async () => {
  const put = await getSignedUrl(client, new PutObjectCommand({ Bucket, Key: 'signed' }), { expiresIn: 60 });
  expect((await fetch(put, { method: 'PUT', body: 'from a container' })).status).toBe(200);
  const get = await getSignedUrl(client, new GetObjectCommand({ Bucket, Key: 'signed' }), { expiresIn: 60 });
  expect(await (await fetch(get)).text()).toBe('from a container');
  expect((await fetch(get.replace('signed', 'other'))).status).toBe(403);
  expect((await fetch(`${fake.url}/${Bucket}/signed`)).status).toBe(403);
});

test('a list goes on page by page, and deleted objects are gone', async () => {
  for (const Key of ['list/1', 'list/2', 'list/3']) await client.send(new PutObjectCommand({ Bucket, Key, Body: Key }));
  const first = await client.send(new ListObjectsV2Command({ Bucket, Prefix: 'list/', MaxKeys: 2 }));
  const more = { Bucket, Prefix: 'list/', ContinuationToken: first.NextContinuationToken };
  const second = await client.send(new ListObjectsV2Command(more));
  expect([...(first.Contents ?? []), ...(second.Contents ?? [])].map(({ Key }) => Key)).toEqual([
    'list/1',
    'list/2',
    'list/3',
  ]);
  await client.send(new DeleteObjectsCommand({ Bucket, Delete: { Objects: [{ Key: 'list/1' }, { Key: 'list/2' }] } }));
  await client.send(new DeleteObjectCommand({ Bucket, Key: 'list/3' }));
  await expect(textOf('list/1')).rejects.toMatchObject({ name: 'NoSuchKey' });
  await expect(client.send(new ListObjectsV2Command({ Bucket: 'none' }))).rejects.toMatchObject({
    name: 'NoSuchBucket',
  });
});

test('a policy allows a prefix and nothing else', async () => {
  const Statement = { Effect: 'Allow' as const, Action: 's3:GetObject', Resource: `arn:aws:s3:::${Bucket}/list/*` };
  const credentials = fake.addUser(defaultAccount, [{ Version: '2012-10-17', Statement }]);
  const narrow = new S3Client({ region, endpoint: fake.url, credentials, maxAttempts: 1 });
  await expect(narrow.send(new GetObjectCommand({ Bucket, Key: 'list/1' }))).rejects.toMatchObject({
    name: 'NoSuchKey',
  });
  await expect(narrow.send(new GetObjectCommand({ Bucket, Key: 'stream' }))).rejects.toMatchObject({
    name: 'AccessDenied',
  });
});
