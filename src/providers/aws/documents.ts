/**
 * Small JSON documents in the operator's bucket. S3's conditional writes make them safe against races: one of any number
 * of creators wins, and nobody overwrites what he has not read.
 */
import {
  DeleteObjectCommand,
  GetObjectCommand,
  ListObjectsV2Command,
  type ListObjectsV2CommandOutput,
  PutObjectCommand,
} from '@aws-sdk/client-s3';
import type { z } from 'zod';
import { AppError } from '../../domain/errors.ts';
import type { CallOptions } from '../provider.ts';
import { isAwsError } from './errors.ts';
import { type AwsAccess, ask } from './site.ts';

const subject = { noun: 'record' };
const lost = /PreconditionFailed|ConditionalRequestConflict|NoSuchKey|NotFound/;

export interface Document<T> {
  value: T;
  /** Of this very content. */
  etag: string;
}

/** Null when there is none. */
export async function readDocument<S extends z.ZodType>(
  site: AwsAccess,
  name: string,
  schema: S,
  options: CallOptions,
): Promise<Document<z.output<S>> | null> {
  const command = new GetObjectCommand({ Bucket: site.settings.bucket, Key: keyOf(site, name) });
  const send = async (http: { abortSignal: AbortSignal }) => {
    const { Body, ETag = '' } = await site.clients.s3.send(command, http);
    return { text: (await Body?.transformToString()) ?? '', etag: ETag };
  };
  try {
    const { text, etag } = await ask(site, { action: 's3:GetObject', subject, send }, options);
    return { value: schema.parse(JSON.parse(text)), etag };
  } catch (error) {
    if (isAwsError(error, /NoSuchKey/)) return null;
    throw error instanceof AppError
      ? error
      : new AppError('internal', 'A record in the bucket cannot be read', { cause: error });
  }
}

/** Its etag; null when it is there already. */
export const createDocument = (
  site: AwsAccess,
  name: string,
  value: unknown,
  options: CallOptions,
): Promise<string | null> => put(site, name, value, { IfNoneMatch: '*' }, options);

/** Its new etag; null when it is another than was read, or gone. */
export const replaceDocument = (
  site: AwsAccess,
  name: string,
  value: unknown,
  etag: string,
  options: CallOptions,
): Promise<string | null> => put(site, name, value, { IfMatch: etag }, options);

async function put(
  site: AwsAccess,
  name: string,
  value: unknown,
  condition: { IfNoneMatch: string } | { IfMatch: string },
  options: CallOptions,
): Promise<string | null> {
  const command = new PutObjectCommand({
    Bucket: site.settings.bucket,
    Key: keyOf(site, name),
    Body: JSON.stringify(value),
    ContentType: 'application/json',
    ...condition,
  });
  try {
    const send = (http: { abortSignal: AbortSignal }) => site.clients.s3.send(command, http);
    const { ETag = '' } = await ask(site, { action: 's3:PutObject', subject, send }, options);
    return ETag;
  } catch (error) {
    if (isAwsError(error, lost)) return null;
    throw error;
  }
}

/** Repeatable: absent = done. */
export async function removeDocument(site: AwsAccess, name: string, options: CallOptions): Promise<void> {
  const command = new DeleteObjectCommand({ Bucket: site.settings.bucket, Key: keyOf(site, name) });
  const send = (http: { abortSignal: AbortSignal }) => site.clients.s3.send(command, http);
  await ask(site, { action: 's3:DeleteObject', subject, send }, options);
}

/** Names below a prefix, which begins with `<kind>/`, with the etags of their contents. */
export async function listDocuments(
  site: AwsAccess,
  prefix: string,
  options: CallOptions,
): Promise<{ name: string; etag: string }[]> {
  const found: { name: string; etag: string }[] = [];
  let token: string | undefined;
  do {
    const command = new ListObjectsV2Command({
      Bucket: site.settings.bucket,
      Prefix: keyOf(site, prefix),
      ...(token !== undefined && { ContinuationToken: token }),
    });
    const send = (http: { abortSignal: AbortSignal }) => site.clients.s3.send(command, http);
    const page: ListObjectsV2CommandOutput = await ask(site, { action: 's3:ListBucket', subject, send }, options);
    for (const { Key = '', ETag = '' } of page.Contents ?? []) found.push({ name: nameOf(Key), etag: ETag });
    token = page.NextContinuationToken;
  } while (token !== undefined);
  return found;
}

/** `<prefix>/<kind>/<installation>/…`: two installations may share a bucket, and a lifecycle rule of it goes by what is below a kind. */
function keyOf({ prefix, installId }: AwsAccess, name: string): string {
  const [kind, ...rest] = name.split('/');
  return [prefix, kind, installId, ...rest].join('/');
}

function nameOf(key: string): string {
  const [, kind, , ...rest] = key.split('/');
  return [kind, ...rest].join('/');
}
