/** A build's files in the operator's bucket: in pieces, so that none is ever in memory as a whole, and gone after the build. */
import { DeleteObjectCommand, PutObjectCommand } from '@aws-sdk/client-s3';
import type { CallOptions } from '../../provider.ts';
import { ask, type Site } from '../site.ts';

const subject = { noun: 'file of the build' };
const pieceBytes = 8 * 1024 * 1024;

export interface BuildFolder {
  /** `bucket/…/`, where CodeBuild finds it. */
  location: string;
  put(name: string, body: Uint8Array | string, options: CallOptions): Promise<void>;
  /** As `name` and a number. */
  putPieces(name: string, source: AsyncIterable<Uint8Array>, options: CallOptions): Promise<void>;
  /** What stays is for the bucket's lifecycle. */
  remove(options: CallOptions): Promise<void>;
}

export function buildFolder(site: Site, tenantId: string, id: string): BuildFolder {
  const { bucket } = site.settings;
  const folder = `${site.prefix}/builds/${site.installId}/${id}/`;
  const names = new Set<string>();

  async function put(name: string, body: Uint8Array | string, options: CallOptions): Promise<void> {
    names.add(name);
    const command = new PutObjectCommand({ Bucket: bucket, Key: folder + name, Body: body });
    const send = (http: { abortSignal: AbortSignal }) => site.clients.s3.send(command, http);
    await ask(site, { action: 's3:PutObject', subject, tenantId, send }, options);
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
    async remove(options) {
      for (const name of names) {
        const command = new DeleteObjectCommand({ Bucket: bucket, Key: folder + name });
        const send = (http: { abortSignal: AbortSignal }) => site.clients.s3.send(command, http);
        await ask(site, { action: 's3:DeleteObject', subject, tenantId, send }, options);
      }
    },
  };
}

async function* piecesOf(source: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array, void, void> {
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
