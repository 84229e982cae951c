/** Buckets with their objects and unfinished uploads, in memory. */
import { createHash, randomUUID } from 'node:crypto';
import { AwsError } from '../aws-error.ts';

export interface StoredObject {
  key: string;
  bytes: Buffer;
  etag: string;
  modifiedAt: Date;
  /** What comes back with it, such as `content-type` and `x-amz-meta-…`. */
  headers: Record<string, string>;
}

export interface Multipart {
  id: string;
  key: string;
  headers: Record<string, string>;
  parts: Map<number, { bytes: Buffer; etag: string }>;
}

export interface Bucket {
  name: string;
  objects: Map<string, StoredObject>;
  uploads: Map<string, Multipart>;
}

export class BucketStore {
  readonly buckets = new Map<string, Bucket>();

  create(name: string): Bucket {
    if (this.buckets.has(name)) {
      throw new AwsError('BucketAlreadyOwnedByYou', 'Your previous request to create the named bucket succeeded.', 409);
    }
    const bucket = { name, objects: new Map(), uploads: new Map() };
    this.buckets.set(name, bucket);
    return bucket;
  }

  bucket(name: string): Bucket {
    const found = this.buckets.get(name);
    if (!found) throw new AwsError('NoSuchBucket', 'The specified bucket does not exist', 404);
    return found;
  }
}

export function putObject(bucket: Bucket, key: string, bytes: Buffer, headers: Record<string, string>, at: Date) {
  const object = { key, bytes, etag: etagOf(bytes), modifiedAt: at, headers };
  bucket.objects.set(key, object);
  return object;
}

export function openUpload(bucket: Bucket, key: string, headers: Record<string, string>): Multipart {
  const upload = { id: randomUUID(), key, headers, parts: new Map() };
  bucket.uploads.set(upload.id, upload);
  return upload;
}

export function uploadOf(bucket: Bucket, key: string, id: string): Multipart {
  const found = bucket.uploads.get(id);
  if (!found || found.key !== key) throw new AwsError('NoSuchUpload', 'The specified upload does not exist.', 404);
  return found;
}

/** Quoted, as it is in headers. */
export function etagOf(bytes: Uint8Array): string {
  return `"${createHash('md5').update(bytes).digest('hex')}"`;
}
