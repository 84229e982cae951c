/** What a handler of the Docker door gets and gives, whatever carries it: a plain request or an upgraded connection. */
import type { Readable } from 'node:stream';
import type { z } from 'zod';
import type { Ctx, Deps } from '../../context.ts';
import { AppError } from '../../domain/errors.ts';
import { isTimeUp } from '../../domain/time-is-up.ts';
import type { LiveExecs } from '../../services/exec-records.ts';
import type { OpenStream, Streams } from '../../services/streams.ts';
import type { Query } from './query.ts';

export interface Door {
  deps: Deps;
  streams: Streams;
  /** Sessions of commands that this process holds. */
  liveExecs: LiveExecs;
}

export interface DockerRequest {
  ctx: Ctx;
  /** The version that the client speaks, `1.24` to `1.51`. */
  version: string;
  params: Record<string, string>;
  query: Query;
  header(name: string): string | undefined;
  /** The body as it comes, without a bound. To be read at most once. */
  body(): Readable;
}

export interface DockerAnswer {
  status: number;
  headers?: Record<string, string>;
  /** Absent = an empty body. */
  json?: unknown;
  /** Sent chunk by chunk, after the headers went out at once; `return` is called when the client leaves. */
  stream?: AsyncIterable<Uint8Array>;
}

export type Handler = (door: Door, request: DockerRequest) => Promise<DockerAnswer>;

export const noContent: DockerAnswer = { status: 204 };
export const notModified: DockerAnswer = { status: 304 };
export const ok = (json: unknown): DockerAnswer => ({ status: 200, json });

const MAX_JSON_BYTES = 1024 * 1024;

/** The body's text. Throws invalid for another content type, too_large beyond 1 MiB. Empty without a body. */
export async function textBody(request: DockerRequest): Promise<string> {
  const chunks: Buffer[] = [];
  let size = 0;
  for await (const chunk of request.body()) {
    size += chunk.length;
    if (size > MAX_JSON_BYTES) throw new AppError('too_large', `The body may have at most ${MAX_JSON_BYTES} bytes`);
    chunks.push(chunk);
  }
  const type = request.header('content-type');
  if (size > 0 && !/^application\/json *(;|$)/i.test(type ?? '')) {
    throw new AppError('invalid', `unsupported Content-Type header (${type ?? ''}): must be 'application/json'`);
  }
  return Buffer.concat(chunks).toString();
}

/** The body as one JSON document of that shape. Throws invalid naming the field. */
export async function jsonBody<T>(request: DockerRequest, schema: z.ZodType<T>): Promise<T> {
  const text = await textBody(request);
  const parsed = schema.safeParse(text === '' ? {} : parse(text));
  if (parsed.success) return parsed.data;
  const [issue] = parsed.error.issues;
  throw new AppError('invalid', `invalid JSON: ${issue?.path.join('.') || 'body'}: ${issue?.message}`);
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    throw new AppError('invalid', 'invalid JSON: the body must be one JSON document');
  }
}

/**
 * An answer that goes on: it takes one of the tenant's streams at once (rate_limited when there is none) and gives it back at
 * its end. `open` gets the signal that ends it with the client and with its key; a stream ended so is cut, not finished.
 * @param resumes its client can go on later where it ended: it may end early
 */
export function streaming(
  { streams }: Door,
  { ctx }: DockerRequest,
  open: (signal: AbortSignal) => AsyncIterable<Uint8Array>,
  resumes = false,
): AsyncIterable<Uint8Array> {
  return untilEnded(streams.open(ctx), open, resumes);
}

async function* untilEnded(
  stream: OpenStream,
  open: (signal: AbortSignal) => AsyncIterable<Uint8Array>,
  resumes: boolean,
) {
  try {
    yield* open(stream.signal);
    stream.signal.throwIfAborted();
  } catch (error) {
    if (!(resumes && isTimeUp(stream.signal))) throw error;
  } finally {
    stream.end();
  }
}
