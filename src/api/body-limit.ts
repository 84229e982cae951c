/**
 * How much of a body is taken. One whose length is declared is judged by that alone and left untouched: a stream that was
 * opened and not read holds its connection back until the server cuts it, often in the middle of the client's next request.
 */
import type { MiddlewareHandler } from 'hono';
import { AppError } from '../domain/errors.ts';
import type { Environment } from './environment.ts';

const MAX_BYTES = 1024 * 1024;
/** So much of a body that turned out too large is read and dropped, so that its sender hears why. */
const MAX_DROPPED_BYTES = 16 * MAX_BYTES;

/** Their bodies pass through, read by nobody but whoever takes them in the end (uploadOf). */
const uploads: readonly [method: string, path: RegExp][] = [
  ['PUT', /^\/v1\/containers\/[^/]+\/archive$/],
  ['PUT', /^\/v1\/image-(archive|import|build)$/],
];

/** Throws too_large. */
export const limitBody: MiddlewareHandler<Environment> = async (c, next) => {
  if (uploads.some(([method, path]) => c.req.method === method && path.test(c.req.path))) return next();
  if (Number(c.req.header('content-length') ?? 0) > MAX_BYTES) throw tooLarge();
  if (c.req.header('transfer-encoding') !== undefined) await takeChunks(c.req);
  return next();
};

/** Replaces the request by one whose body is in memory. */
async function takeChunks(request: { raw: Request }): Promise<void> {
  const { url, method, headers, signal, body } = request.raw;
  const reader = body?.getReader();
  if (!reader) return;
  const chunks: Uint8Array[] = [];
  let size = 0;
  for (let step = await reader.read(); !step.done && size <= MAX_DROPPED_BYTES; step = await reader.read()) {
    size += step.value.byteLength;
    if (size <= MAX_BYTES) chunks.push(step.value);
  }
  if (size > MAX_BYTES) throw tooLarge();
  request.raw = new Request(url, { method, headers, signal, body: Buffer.concat(chunks) });
}

const tooLarge = () => new AppError('too_large', `The body may have at most ${MAX_BYTES} bytes`);
