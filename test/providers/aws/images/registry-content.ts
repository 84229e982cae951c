/** Blobs and manifests put into a registry of the loopback address, as a client of its protocol would. */
import { createHash } from 'node:crypto';

export const digestOf = (bytes: Uint8Array | string): string =>
  `sha256:${createHash('sha256').update(bytes).digest('hex')}`;

export async function pushBlob(
  host: string,
  path: string,
  bytes: Buffer,
  headers: Record<string, string> = {},
): Promise<{ digest: string; size: number }> {
  const begun = await fetch(`http://${host}/v2/${path}/blobs/uploads/`, { method: 'POST', headers });
  if (begun.status !== 202) throw new Error(`the registry answered with ${begun.status}`);
  const place = new URL(begun.headers.get('location') ?? '', `http://${host}`);
  place.searchParams.set('digest', digestOf(bytes));
  const put = await fetch(place, { method: 'PUT', body: new Uint8Array(bytes), headers });
  if (put.status !== 201) throw new Error(`the registry answered with ${put.status}: ${await put.text()}`);
  return { digest: digestOf(bytes), size: bytes.length };
}

/** By its digest alone where there is no tag. */
export async function pushManifest(
  host: string,
  path: string,
  tag: string | null,
  manifest: { mediaType: string },
  headers: Record<string, string> = {},
): Promise<{ digest: string; size: number }> {
  const text = JSON.stringify(manifest);
  const put = await fetch(`http://${host}/v2/${path}/manifests/${tag ?? digestOf(text)}`, {
    ...{ method: 'PUT', body: text, headers: { ...headers, 'content-type': manifest.mediaType } },
  });
  if (put.status !== 201) throw new Error(`the registry answered with ${put.status}: ${await put.text()}`);
  return { digest: digestOf(text), size: Buffer.byteLength(text) };
}
