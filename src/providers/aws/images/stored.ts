/** Bytes of layers and configurations that ECR has, from where it says that they are. */
import { createHash } from 'node:crypto';
import { AppError, hasCode } from '../../../domain/errors.ts';
import type { CallOptions } from '../../provider.ts';
import type { Site } from '../site.ts';
import { downloadUrl, type Repository } from './ecr.ts';
import type { Blob } from './manifest.ts';
import type { OpenBlob } from './upload.ts';

export const openStored =
  (site: Site, repository: Repository, options: CallOptions): OpenBlob =>
  async (digest, from) =>
    openUrl(await downloadUrl(site, repository, digest, options), from, options);

/** From an offset on. @param url a capability: it is not to be told to anybody */
async function openUrl(url: string, from: number, { signal }: CallOptions): Promise<AsyncIterable<Uint8Array>> {
  const answer = await fetch(url, { signal, ...(from > 0 && { headers: { range: `bytes=${from}-` } }) }).catch(
    (error: unknown) => {
      throw new AppError('unavailable', 'A layer cannot be fetched from AWS', { cause: error });
    },
  );
  if (answer.status === (from > 0 ? 206 : 200) && answer.body) return answer.body;
  await answer.body?.cancel();
  throw new AppError('unavailable', `AWS answered with ${answer.status} instead of a layer`);
}

/** How often a transfer may break off without a single byte in between. */
const breaks = 4;

/** The whole of a blob, taken up where it breaks off; ends with an error where it is not what its digest says. */
export async function* wholeBlob(
  open: OpenBlob,
  { digest, size }: Blob,
  { signal }: CallOptions,
): AsyncGenerator<Uint8Array, void, void> {
  const hash = createHash('sha256');
  let read = 0;
  for (let failures = 0; read < size; ) {
    try {
      for await (const chunk of await open(digest, read)) {
        if (read + chunk.length > size) throw new AppError('internal', 'A layer at AWS is longer than it should be');
        failures = 0;
        read += chunk.length;
        hash.update(chunk);
        yield chunk;
      }
      if (read < size) throw new AppError('unavailable', 'AWS broke off a layer');
    } catch (error) {
      failures += 1;
      if (signal.aborted) throw new AppError('timeout', 'A layer was not fetched in time', { cause: error });
      const isFinal = error instanceof AppError && !hasCode(error, 'unavailable', 'timeout');
      if (isFinal || failures >= breaks) throw error;
    }
  }
  if (`sha256:${hash.digest('hex')}` !== digest)
    throw new AppError('internal', 'A layer at AWS is not what it should be');
}

/** Of a configuration, which is read as a whole. */
export const maxConfigBytes = 8 * 1024 * 1024;

export async function readConfig(open: OpenBlob, config: Blob, options: CallOptions): Promise<Buffer> {
  if (config.size > maxConfigBytes) throw new AppError('unsupported', 'The configuration of the image is too long');
  const chunks: Uint8Array[] = [];
  for await (const chunk of wholeBlob(open, config, options)) chunks.push(chunk);
  return Buffer.concat(chunks);
}
