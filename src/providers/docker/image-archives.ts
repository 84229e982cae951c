/** Images out of the Engine and into it as tars. By id alone, so that no name of the shared Engine is read or made. */
import { z } from 'zod';
import { AppError, unless } from '../../domain/errors.ts';
import type { ImageDetails } from '../../domain/image.ts';
import type { CallOptions, LoadInput } from '../provider.ts';
import type { EngineRequest, Site } from './client.ts';
import { toAppError } from './errors.ts';
import { imageDetails, imagePath, inspectImage } from './image-details.ts';
import { holdImage, holdNames, isMarked } from './image-holds.ts';
import { jsonLines } from './streams.ts';

const subject = { noun: 'image' } as const;
const progress = z.object({ error: z.string().optional() });

export async function* saveImages(
  site: Site,
  imageIds: string[],
  options: CallOptions,
): AsyncGenerator<Uint8Array, void, void> {
  const names = imageIds.map((id) => imagePath(id).replace('/images/', ''));
  const request: EngineRequest = { method: 'GET', path: '/images/get', query: { names }, subject };
  const body = await site.engine.stream(request, options);
  try {
    yield* body;
  } catch (error) {
    throw toAppError(error, subject, options.signal);
  } finally {
    body.destroy();
  }
}

/** How often a load may lose its image to another tenant's release before it gives up. */
const attempts = 3;

export async function loadImages(site: Site, input: LoadInput, options: CallOptions): Promise<ImageDetails[]> {
  for (let attempt = 1; attempt <= attempts; attempt++) {
    const loaded = await unless(load(site, input, options), ['not_found'], null);
    if (loaded) return loaded;
  }
  throw new AppError('unavailable', 'The image was removed while it was loaded');
}

async function load(site: Site, { imageIds, archive, tenantId }: LoadInput, options: CallOptions) {
  const ours = new Map<string, boolean>();
  for (const id of imageIds) {
    const there = await inspectImage(site, id, options);
    ours.set(id, there === null || isMarked(there));
  }
  // Held from their first moment on, so that nothing is left without an owner if we die in between.
  await sendArchive(
    site,
    archive((id) => holdNames(site, id, tenantId, ours.get(id) ?? false)),
    options,
  );
  const loaded: ImageDetails[] = [];
  for (const id of imageIds) {
    await holdImage(site, id, tenantId, options, ours.get(id));
    loaded.push(await imageDetails(site, id, options));
  }
  return loaded;
}

/** Throws what the Engine has against it. */
export async function sendArchive(site: Site, archive: AsyncIterable<Uint8Array>, options: CallOptions): Promise<void> {
  const query = { quiet: true };
  const request: EngineRequest = { method: 'POST', path: '/images/load', query, upload: archive, subject };
  const body = await site.engine.stream(request, options);
  try {
    for await (const line of jsonLines(body)) {
      const { error } = progress.parse(line);
      if (error !== undefined) throw new Error(error);
    }
  } catch (error) {
    throw toAppError(error, subject, options.signal);
  } finally {
    body.destroy();
  }
}
