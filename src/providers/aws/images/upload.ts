/**
 * A layer into ECR, in the parts that ECR asks for: no more than one part of it is ever in memory, whatever breaks off is taken
 * up where it was, on either side.
 */
import { createHash } from 'node:crypto';
import { CompleteLayerUploadCommand, InitiateLayerUploadCommand, UploadLayerPartCommand } from '@aws-sdk/client-ecr';
import { AppError } from '../../../domain/errors.ts';
import type { CallOptions } from '../../provider.ts';
import { isAwsError } from '../errors.ts';
import { ask, type Site } from '../site.ts';
import type { Repository } from './ecr.ts';
import type { Blob } from './manifest.ts';

/** Bytes of a blob from an offset on. */
export type OpenBlob = (digest: string, from: number) => Promise<AsyncIterable<Uint8Array>>;

const subject = { noun: 'layer' };
/** How often a source may break off in one layer without a single part in between. */
const breaks = 4;

/** Yields how many bytes ECR has. Repeatable: a layer that is there is done. */
export async function* uploadLayer(
  site: Site,
  repository: Repository,
  blob: Blob,
  open: OpenBlob,
  options: CallOptions,
): AsyncGenerator<number, void, void> {
  const { uploadId, partSize } = await beginUpload(site, repository, options);
  let sent = 0;
  for await (const part of inParts(resumed(blob, partSize, open, options), Math.min(partSize, blob.size))) {
    await sendPart(site, repository, uploadId, sent, part, options);
    sent += part.length;
    yield sent;
  }
  await completeUpload(site, repository, { uploadId, digest: blob.digest }, options);
}

/** Bytes whose number and digest are known when they are over. Repeatable: a layer that is there is done. */
export async function uploadStream(
  site: Site,
  repository: Repository,
  source: AsyncIterable<Uint8Array>,
  options: CallOptions,
): Promise<Blob> {
  const { uploadId, partSize } = await beginUpload(site, repository, options);
  const hash = createHash('sha256');
  let size = 0;
  for await (const part of inParts(source, partSize)) {
    hash.update(part);
    await sendPart(site, repository, uploadId, size, part, options);
    size += part.length;
  }
  const digest = `sha256:${hash.digest('hex')}`;
  await completeUpload(site, repository, { uploadId, digest }, options);
  return { digest, size };
}

async function beginUpload(
  site: Site,
  { tenantId, name: repositoryName }: Repository,
  options: CallOptions,
): Promise<{ uploadId: string; partSize: number }> {
  const command = new InitiateLayerUploadCommand({ repositoryName });
  const send = (http: { abortSignal: AbortSignal }) => site.clients.ecr.send(command, http);
  const call = { action: 'ecr:InitiateLayerUpload', subject, tenantId, send };
  const { uploadId, partSize } = await ask(site, call, options);
  if (uploadId && partSize) return { uploadId, partSize };
  throw new AppError('internal', 'AWS opened an upload without saying which');
}

async function completeUpload(
  site: Site,
  { tenantId, name: repositoryName }: Repository,
  { uploadId, digest }: { uploadId: string; digest: string },
  options: CallOptions,
): Promise<void> {
  const command = new CompleteLayerUploadCommand({ repositoryName, uploadId, layerDigests: [digest] });
  try {
    const send = (http: { abortSignal: AbortSignal }) => site.clients.ecr.send(command, http);
    await ask(site, { action: 'ecr:CompleteLayerUpload', subject, tenantId, send }, options);
  } catch (error) {
    if (isAwsError(error, /^LayerAlreadyExistsException$/)) return;
    if (!isAwsError(error, /^InvalidLayerException$/)) throw error;
    throw new AppError('unavailable', 'The registry sent another layer than the image has', { cause: error });
  }
}

/** Where ECR has a part already, or its beginning, its answer was lost, and what is left goes on from there. */
async function sendPart(
  site: Site,
  { tenantId, name: repositoryName }: Repository,
  uploadId: string,
  first: number,
  part: Buffer,
  options: CallOptions,
): Promise<void> {
  for (let done = 0; done < part.length; ) {
    const layerPartBlob = part.subarray(done);
    const range = { partFirstByte: first + done, partLastByte: first + part.length - 1 };
    const command = new UploadLayerPartCommand({ repositoryName, uploadId, layerPartBlob, ...range });
    try {
      const send = (http: { abortSignal: AbortSignal }) => site.clients.ecr.send(command, http);
      await ask(site, { action: 'ecr:UploadLayerPart', subject, tenantId, send }, options);
      return;
    } catch (error) {
      const has = hasUpTo(error);
      if (has === null || has < first + done) throw error;
      done = has + 1 - first;
    }
  }
}

/** The last byte that ECR has of an upload, when it says so. */
function hasUpTo(error: unknown): number | null {
  if (!isAwsError(error, /^InvalidLayerPartException$/) || !(error instanceof AppError)) return null;
  const { cause } = error;
  if (!(cause instanceof Error) || !('lastValidByteReceived' in cause)) return null;
  return typeof cause.lastValidByteReceived === 'number' ? cause.lastValidByteReceived : null;
}

/** Parts of that size, the last one smaller. Each is to be used before the next is asked for: they share their memory. */
async function* inParts(source: AsyncIterable<Uint8Array>, partSize: number): AsyncGenerator<Buffer, void, void> {
  const part = Buffer.allocUnsafe(partSize);
  let filled = 0;
  for await (const chunk of source) {
    for (let at = 0; at < chunk.length; ) {
      const taken = Math.min(chunk.length - at, part.length - filled);
      part.set(chunk.subarray(at, at + taken), filled);
      filled += taken;
      at += taken;
      if (filled < part.length) continue;
      yield part;
      filled = 0;
    }
  }
  if (filled > 0) yield part.subarray(0, filled);
}

/** The blob from its beginning to its end. A source that breaks off is opened again where it was. */
async function* resumed(
  { digest, size }: Blob,
  partSize: number,
  open: OpenBlob,
  { signal }: CallOptions,
): AsyncGenerator<Uint8Array, void, void> {
  let read = 0;
  for (let failures = 0; read < size; ) {
    try {
      for await (const chunk of await open(digest, read)) {
        if (Math.floor((read + chunk.length) / partSize) > Math.floor(read / partSize)) failures = 0;
        read += chunk.length;
        if (read > size) throw new AppError('unavailable', 'The registry sent more than the image has');
        yield chunk;
      }
      if (read < size) throw new AppError('unavailable', 'The registry broke off a layer');
    } catch (error) {
      failures += 1;
      const isFinal = error instanceof AppError && error.code !== 'unavailable' && error.code !== 'timeout';
      if (isFinal || failures >= breaks || read > size || signal.aborted) throw error;
    }
  }
}
