/** What a registry has of images: manifests by name, blobs by digest. Digests are checked where the whole thing is at hand. */
import { createHash } from 'node:crypto';
import type { IncomingMessage } from 'node:http';
import { AppError } from '../domain/errors.ts';
import { familiarReference, type ImageReference } from '../domain/image.ts';
import type { RegistryPolicy } from '../domain/registry-policy.ts';
import { readAnswer, sendToRegistry } from './http.ts';
import { type RegistrySession, refusal } from './session.ts';

export interface FoundManifest {
  bytes: Buffer;
  digest: string;
  contentType: string | undefined;
}

/** Throws not_found by the name that was asked for, forbidden, unavailable. @param wanted a tag or a digest */
export async function fetchManifest(
  session: RegistrySession,
  reference: ImageReference,
  wanted: string,
  accept: readonly string[],
): Promise<FoundManifest> {
  const path = `/v2/${reference.path}/manifests/${wanted}`;
  const answer = await session.send({ method: 'GET', path, headers: { accept: accept.join(', ') } });
  const bytes = await readAnswer(answer, session.host);
  if (answer.statusCode !== 200) throw refusal(session, answer.statusCode, familiarReference(reference));
  const digest = digestOf(bytes);
  if (wanted.startsWith('sha256:') && wanted !== digest) {
    throw new AppError('unavailable', `The registry ${session.domain} answered with something else than ${wanted}`);
  }
  return { bytes, digest, contentType: answer.headers['content-type'] };
}

const redirects = 5;

/** The bytes from an offset on. What is elsewhere is fetched there, at a public address and without the credential. */
export async function openBlob(
  session: RegistrySession,
  policy: RegistryPolicy,
  { path, digest, from }: { path: string; digest: string; from: number },
  signal: AbortSignal,
): Promise<AsyncIterable<Uint8Array>> {
  const headers: Record<string, string> = from > 0 ? { range: `bytes=${from}-` } : {};
  let answer = await session.send({ method: 'GET', path: `/v2/${path}/blobs/${digest}`, headers });
  let host = session.host;
  for (let hop = 0; hop < redirects && isRedirect(answer); hop++) {
    const place = placeOf(session, host, answer.headers.location);
    answer.destroy();
    // Nobody else on the loopback address is to be reached through a registry's word.
    const away = place.host === session.host ? policy : { ...policy, loopback: false };
    host = place.host;
    const request = { method: 'GET', host, path: `${place.pathname}${place.search}`, headers } as const;
    answer = await sendToRegistry(away, request, signal);
  }
  if (answer.statusCode === 206 || (answer.statusCode === 200 && from === 0)) return bytesOf(answer, host);
  if (answer.statusCode === 200) return skipped(bytesOf(answer, host), from);
  answer.destroy();
  throw refusal(session, answer.statusCode, `${path}@${digest}`);
}

/** Bounded, its digest checked: for configurations. */
export async function fetchBlob(
  session: RegistrySession,
  policy: RegistryPolicy,
  { path, digest, maxBytes }: { path: string; digest: string; maxBytes: number },
  signal: AbortSignal,
): Promise<Buffer> {
  const chunks: Uint8Array[] = [];
  let size = 0;
  for await (const chunk of await openBlob(session, policy, { path, digest, from: 0 }, signal)) {
    size += chunk.length;
    if (size > maxBytes) throw new AppError('unavailable', `The registry ${session.domain} sends a blob without end`);
    chunks.push(chunk);
  }
  const bytes = Buffer.concat(chunks);
  if (digestOf(bytes) === digest) return bytes;
  throw new AppError('unavailable', `The registry ${session.domain} answered with something else than ${digest}`);
}

const digestOf = (bytes: Buffer): string => `sha256:${createHash('sha256').update(bytes).digest('hex')}`;

const isRedirect = ({ statusCode = 0 }: IncomingMessage): boolean => [301, 302, 303, 307, 308].includes(statusCode);

function placeOf({ domain }: RegistrySession, host: string, location = ''): URL {
  const base = `https://${host}`;
  const place = URL.canParse(location, base) ? new URL(location, base) : null;
  const isOwn = place?.host === host;
  if (place?.username === '' && (place.protocol === 'https:' || isOwn)) return place;
  throw new AppError('unavailable', `The registry ${domain} sends its clients somewhere that is not trusted`);
}

async function* bytesOf(answer: IncomingMessage, host: string): AsyncGenerator<Uint8Array, void, void> {
  try {
    yield* answer;
  } catch (error) {
    throw new AppError('unavailable', `The registry ${host} broke off its answer`, { cause: error });
  } finally {
    answer.destroy();
  }
}

/** A server that knows no ranges sends everything again. */
async function* skipped(bytes: AsyncIterable<Uint8Array>, from: number): AsyncGenerator<Uint8Array, void, void> {
  let left = from;
  for await (const chunk of bytes) {
    if (left < chunk.length) yield chunk.subarray(left);
    left = Math.max(0, left - chunk.length);
  }
}
