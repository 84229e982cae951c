/** Archives of images, as `docker save` writes them: from the provider without names, which are the tenant's to put in. */
import { z } from 'zod';
import type { Ctx, Deps } from '../context.ts';
import { AppError, notFound } from '../domain/errors.ts';
import { lacking } from '../domain/features.ts';
import { asImageId, familiarReference, familiarRepository, type Image, parseImageReference } from '../domain/image.ts';
import { readTar } from '../domain/tar.ts';
import { type PackedEntry, packTar, wholeFile } from './archive-stream.ts';
import { tell } from './happenings.ts';
import { listAllImages, requireImage } from './images.ts';

const SAVE_SECONDS = 60 * 60;
const MAX_MANIFEST_BYTES = 4 * 1024 * 1024;

interface SavedImage {
  image: Image;
  /** `repository:tag` that the archive gives it. */
  names: string[];
}

/**
 * By a name with a tag: that one. By a mere repository: all of its tags. By an id: without a name. Throws not_found, naming the
 * reference, before anything is written.
 */
export async function saveImages(
  deps: Deps,
  ctx: Ctx,
  references: string[],
  signal: AbortSignal,
): Promise<AsyncIterable<Uint8Array>> {
  const { save } = deps.provider.images;
  if (!save) throw lacking(deps.provider.name, 'images.save');
  if (references.length === 0) throw new AppError('invalid', 'names: say which images');
  const found = new Map<string, SavedImage>();
  for (const reference of references) {
    for (const { image, names } of await imagesOf(deps, ctx, reference)) {
      const known = found.get(image.id)?.names ?? [];
      found.set(image.id, { image, names: [...new Set([...known, ...names])] });
    }
  }
  const within = AbortSignal.any([signal, AbortSignal.timeout(SAVE_SECONDS * 1000)]);
  const source = save([...found.keys()], { signal: within });
  await tell(
    deps,
    ctx,
    ...[...found].map(([id, { names }]) => ({
      ...({ kind: 'image', type: 'saved' } as const),
      ...{ resourceId: id, name: names[0] ?? id, data: {} },
    })),
  );
  return packTar(renamed(source, found));
}

async function imagesOf(deps: Deps, ctx: Ctx, text: string): Promise<SavedImage[]> {
  const image = await requireImage(deps, ctx, text).catch((error) => {
    if (error instanceof AppError && error.code === 'not_found') return null;
    throw error;
  });
  const isId = asImageId(text) !== null;
  const isRepository = !isId && !text.includes('@') && text.lastIndexOf(':') <= text.lastIndexOf('/');
  if (isRepository) {
    const repository = familiarRepository(parseImageReference(text));
    const all = (await listAllImages(deps, ctx, { name: text })).map((each) => ({
      image: each,
      names: each.tags.filter((tag) => tag.repository === repository).map((tag) => `${repository}:${tag.tag}`),
    }));
    if (all.length > 0) return all;
  }
  if (!image) throw notFound('image', isId ? text : familiarReference(parseImageReference(text)));
  return [{ image, names: image.tags.map(({ repository, tag }) => `${repository}:${tag}`).filter(sameAs(text)) }];
}

function sameAs(text: string): (name: string) => boolean {
  if (asImageId(text) !== null || text.includes('@') || !text.includes(':')) return () => false;
  const { domain, path, tag } = parseImageReference(text);
  return (name) => name === `${familiarRepository({ domain, path })}:${tag}`;
}

const manifestJson = z.array(z.looseObject({ Config: z.string(), Layers: z.array(z.string()).nullish() }));
type Manifest = z.infer<typeof manifestJson>;

/** The archive with the names put in, which stand in two of its files. */
async function* renamed(
  source: AsyncIterable<Uint8Array>,
  images: Map<string, SavedImage>,
): AsyncGenerator<PackedEntry, void, void> {
  for await (const { entry, content } of readTar(source)) {
    if (entry.path === 'repositories') continue;
    if (entry.path !== 'manifest.json') {
      yield { entry, content };
      continue;
    }
    const manifest = manifestJson.parse(JSON.parse((await whole(content)).toString()));
    const named = manifest.map((each) => ({ ...each, RepoTags: namesOf(each, images) }));
    yield wholeFile('manifest.json', Buffer.from(JSON.stringify(named)));
    const repositories = repositoriesOf(manifest, images);
    if (Object.keys(repositories).length > 0) {
      yield wholeFile('repositories', Buffer.from(JSON.stringify(repositories)));
    }
  }
}

function namesOf({ Config }: Manifest[number], images: Map<string, SavedImage>): string[] | null {
  const hex = /[0-9a-f]{64}/.exec(Config)?.[0];
  const names = images.get(`sha256:${hex}`)?.names ?? [];
  return names.length > 0 ? names : null;
}

/** For what reads archives of before `manifest.json`: repository, tag, and the folder of the last layer. */
function repositoriesOf(manifest: Manifest, images: Map<string, SavedImage>): Record<string, Record<string, string>> {
  const repositories: Record<string, Record<string, string>> = {};
  for (const each of manifest) {
    const folder = each.Layers?.at(-1)?.split('/').at(-2);
    if (folder === undefined) continue;
    for (const name of namesOf(each, images) ?? []) {
      const colon = name.lastIndexOf(':');
      const repository = name.slice(0, colon);
      repositories[repository] = { ...repositories[repository], [name.slice(colon + 1)]: folder };
    }
  }
  return repositories;
}

async function whole(content: AsyncIterable<Uint8Array>): Promise<Buffer> {
  const chunks: Uint8Array[] = [];
  let size = 0;
  for await (const chunk of content) {
    size += chunk.byteLength;
    if (size > MAX_MANIFEST_BYTES) throw new AppError('internal', 'The provider wrote a manifest without end');
    chunks.push(chunk);
  }
  return Buffer.concat(chunks);
}
