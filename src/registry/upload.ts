/** Putting blobs and manifests into a registry. https://distribution.github.io/distribution/spec/api/ */
import { createHash } from 'node:crypto';
import { AppError } from '../domain/errors.ts';
import { readAnswer } from './http.ts';
import { type RegistrySession, refusal } from './session.ts';

export interface Blob {
  digest: string;
  size: number;
}

/** False when the registry has it already. */
export async function uploadBlob(
  session: RegistrySession,
  path: string,
  { digest, size }: Blob,
  read: () => AsyncIterable<Uint8Array> | Iterable<Uint8Array>,
): Promise<boolean> {
  const there = await session.send({ method: 'HEAD', path: `/v2/${path}/blobs/${digest}` });
  there.destroy();
  if (there.statusCode === 200) return false;
  const begun = await session.send({ method: 'POST', path: `/v2/${path}/blobs/uploads/` });
  await readAnswer(begun, session.host);
  if (begun.statusCode !== 202) throw refusal(session, begun.statusCode, path);
  const location = placeOf(session, begun.headers.location);
  location.searchParams.set('digest', digest);
  const put = await session.send({
    method: 'PUT',
    path: `${location.pathname}${location.search}`,
    headers: { 'content-type': 'application/octet-stream' },
    body: { size, read },
  });
  await readAnswer(put, session.host);
  if (put.statusCode !== 201) throw refusal(session, put.statusCode, path);
  return true;
}

/** Throws unavailable when it is on another host: the credential and the image are for this one. */
function placeOf({ host, domain }: RegistrySession, location: string | undefined): URL {
  const base = `https://${host}`;
  const url = location !== undefined && URL.canParse(location, base) ? new URL(location, base) : null;
  if (url?.host === host) return url;
  throw new AppError('unavailable', `The registry ${domain} wants its uploads elsewhere, which is not followed`);
}

/** Answers its digest. Throws unavailable where the registry took it for another one. */
export async function putManifest(
  session: RegistrySession,
  { path, tag, manifest }: { path: string; tag: string; manifest: Buffer },
): Promise<string> {
  const digest = `sha256:${createHash('sha256').update(manifest).digest('hex')}`;
  const put = await session.send({
    method: 'PUT',
    path: `/v2/${path}/manifests/${tag}`,
    headers: { 'content-type': 'application/vnd.docker.distribution.manifest.v2+json' },
    body: { size: manifest.length, read: () => [manifest] },
  });
  await readAnswer(put, session.host);
  if (put.statusCode !== 201) throw refusal(session, put.statusCode, `${path}:${tag}`);
  const taken = put.headers['docker-content-digest'] ?? digest;
  if (taken === digest) return digest;
  throw new AppError('unavailable', `The registry ${session.domain} did not take what it was sent: ${path}:${tag}`);
}
