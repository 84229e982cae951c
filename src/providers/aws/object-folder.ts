/**
 * Files on their way through the operator's bucket, in a folder of one operation: in pieces, so that none is ever in memory as a whole, and
 * gone after it. What a process that died leaves behind is for the bucket's lifecycle.
 */
import { Readable } from 'node:stream';
import { DeleteObjectCommand, GetObjectCommand, PutObjectCommand } from '@aws-sdk/client-s3';
import { AppError } from '../../domain/errors.ts';
import type { CallOptions } from '../provider.ts';
import { toAppError } from './errors.ts';
import { ask, type Site } from './site.ts';

export const pieceBytes = 8 * 1024 * 1024;
/** Of a URL, which opens one object and nothing else to whoever has it. */
const urlSeconds = 15 * 60;
const cleanMs = 30_000;
const putMs = 30_000;

export interface ObjectFolder {
  /** `bucket/…/`, where others find it. */
  location: string;
  put(name: string, body: Uint8Array | string, options: CallOptions): Promise<void>;
  /** As `name` and a number. */
  putPieces(name: string, source: AsyncIterable<Uint8Array>, options: CallOptions): Promise<void>;
  /** Throws not_found; invalid when it is not exactly so large. */
  get(name: string, sizeBytes: number, options: CallOptions): AsyncGenerator<Uint8Array, void, void>;
  urlToGet(name: string, options: CallOptions): Promise<string>;
  /** Of an object of exactly that size: S3 takes no other with it. */
  urlToPut(name: string, sizeBytes: number, options: CallOptions): Promise<string>;
  remove(name: string, options: CallOptions): Promise<void>;
  /** Whatever is in it. Nobody waits for its success. */
  clean(): Promise<void>;
}

export interface FolderPlace {
  /** The bucket's lifecycle goes by it. */
  kind: 'builds' | 'transfers';
  tenantId: string;
  id: string;
}

export function objectFolder(site: Site, { kind, tenantId, id }: FolderPlace): ObjectFolder {
  const { bucket } = site.settings;
  const { s3, s3Urls } = site.clients;
  const folder = `${site.prefix}/${kind}/${site.installId}/${id}/`;
  const subject = { noun: 'file on its way' };
  const names = new Set<string>();
  const putting = new Set<Promise<unknown>>();
  const placeOf = (name: string) => ({ Bucket: bucket, Key: folder + name });

  async function put(name: string, body: Uint8Array | string, options: CallOptions): Promise<void> {
    if (options.signal.aborted) throw new AppError('timeout', 'The files were not sent in time');
    names.add(name);
    const command = new PutObjectCommand({ ...placeOf(name), Body: body });
    const send = (http: { abortSignal: AbortSignal }) => s3.send(command, http);
    // Not cut off by the caller's signal: what S3 has got of it by then may be stored after all.
    const whole = { ...options, signal: AbortSignal.timeout(putMs) };
    const done = ask(site, { action: 's3:PutObject', subject, tenantId, send }, whole);
    const settled: Promise<unknown> = Promise.allSettled([done]).then(() => putting.delete(settled));
    putting.add(settled);
    await done;
  }

  async function remove(name: string, options: CallOptions): Promise<void> {
    const command = new DeleteObjectCommand(placeOf(name));
    const send = (http: { abortSignal: AbortSignal }) => s3.send(command, http);
    await ask(site, { action: 's3:DeleteObject', subject, tenantId, send }, options);
    names.delete(name);
  }

  async function* get(name: string, sizeBytes: number, options: CallOptions): AsyncGenerator<Uint8Array, void, void> {
    const command = new GetObjectCommand(placeOf(name));
    const send = (http: { abortSignal: AbortSignal }) => s3.send(command, http);
    const call = { action: 's3:GetObject', subject, tenantId, send };
    const { Body, ContentLength } = await ask(site, call, options);
    if (!(Body instanceof Readable)) throw new AppError('internal', 'S3 answered without a content');
    if (ContentLength !== sizeBytes) {
      Body.destroy();
      throw new AppError('invalid', 'A file on its way has another size than it should');
    }
    try {
      for await (const chunk of Body) yield chunk;
    } catch (error) {
      throw toAppError(error, call.action, subject, options.signal);
    }
  }

  function signed(action: string, command: GetObjectCommand | PutObjectCommand, options: CallOptions): Promise<string> {
    const send = async () => {
      const { getSignedUrl } = await import('@aws-sdk/s3-request-presigner');
      return getSignedUrl(s3Urls, command, { expiresIn: urlSeconds });
    };
    return ask(site, { action, subject, tenantId, send }, options);
  }

  return {
    location: `${bucket}/${folder}`,
    put,
    async putPieces(name, source, options) {
      let count = 0;
      for await (const piece of piecesOf(source)) {
        await put(`${name}${String(count).padStart(4, '0')}`, piece, options);
        count += 1;
      }
    },
    get,
    urlToGet: (name, options) => signed('s3:GetObject', new GetObjectCommand(placeOf(name)), options),
    urlToPut: (name, sizeBytes, options) => {
      names.add(name);
      return signed('s3:PutObject', new PutObjectCommand({ ...placeOf(name), ContentLength: sizeBytes }), options);
    },
    remove,
    async clean() {
      // One that is under way would come after its removal.
      await Promise.all(putting);
      const options = { signal: AbortSignal.timeout(cleanMs) };
      for (const name of names) {
        await remove(name, options).catch((error: unknown) => site.log('a file is left in the bucket', { err: error }));
      }
    },
  };
}

/** Each at least `pieceBytes`, but for the last. */
export async function* piecesOf(source: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array, void, void> {
  let chunks: Uint8Array[] = [];
  let size = 0;
  for await (const chunk of source) {
    chunks.push(chunk);
    size += chunk.length;
    if (size < pieceBytes) continue;
    yield Buffer.concat(chunks);
    chunks = [];
    size = 0;
  }
  if (size > 0) yield Buffer.concat(chunks);
}
