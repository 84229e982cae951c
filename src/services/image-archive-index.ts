/** Which images an archive has: `manifest.json`, as Docker has always written it, or else the index of an OCI layout. */
import { z } from 'zod';
import { AppError } from '../domain/errors.ts';
import { safePath } from './archive-stream.ts';
import { readSmall, type SpooledFile } from './spool.ts';

/** By their path in the archive. */
export type ArchiveFiles = Map<string, SpooledFile>;

export interface ArchivedImage {
  config: SpooledFile;
  layers: SpooledFile[];
  names: string[];
}

const manifestJson = z
  .array(
    z.object({
      Config: z.string(),
      RepoTags: z
        .array(z.string())
        .nullish()
        .transform((names) => names ?? []),
      Layers: z
        .array(z.string())
        .nullish()
        .transform((layers) => layers ?? []),
    }),
  )
  .max(1000);

const descriptor = z.object({
  digest: z.string().regex(/^sha256:[0-9a-f]{64}$/),
  mediaType: z.string().default(''),
  annotations: z.record(z.string(), z.string()).default({}),
  platform: z.object({ os: z.string(), architecture: z.string() }).optional(),
});
type Descriptor = z.infer<typeof descriptor>;
const ociIndex = z.object({ manifests: z.array(descriptor).max(1000) });
const ociManifest = z.object({ config: descriptor, layers: z.array(descriptor).max(127) });

const deepestIndex = 3;

/** Throws invalid for an archive of any other kind. */
export async function namedImages(files: ArchiveFiles): Promise<ArchivedImage[]> {
  const manifest = files.get('manifest.json');
  if (manifest) {
    const items = await parsed(manifest, manifestJson, 'manifest.json');
    return items.map(({ Config, RepoTags, Layers }) => ({
      config: fileAt(files, Config),
      layers: Layers.map((path) => fileAt(files, path)),
      names: RepoTags,
    }));
  }
  const index = files.get('index.json');
  if (!index)
    throw new AppError('invalid', 'The archive is none of images: it has neither manifest.json nor index.json');
  return ofIndex(files, index, [], 1);
}

async function ofIndex(
  files: ArchiveFiles,
  index: SpooledFile,
  names: string[],
  depth: number,
): Promise<ArchivedImage[]> {
  const { manifests } = await parsed(index, ociIndex, 'An index of the archive');
  const images: ArchivedImage[] = [];
  for (const entry of manifests.filter(isThere(files))) {
    const own = [...names, ...nameOf(entry)];
    const file = blob(files, entry);
    if (!/index|manifest\.list/.test(entry.mediaType)) images.push(await ofManifest(files, file, own));
    else if (depth < deepestIndex) images.push(...(await ofIndex(files, file, own, depth + 1)));
  }
  return images;
}

/** An index lists every platform, attestations too; the archive holds what was saved. */
const isThere = (files: ArchiveFiles) => (entry: Descriptor) =>
  files.has(pathOf(entry)) && entry.platform?.os !== 'unknown';

async function ofManifest(files: ArchiveFiles, file: SpooledFile, names: string[]): Promise<ArchivedImage> {
  const { config, layers } = await parsed(file, ociManifest, 'A manifest of the archive');
  return { config: blob(files, config), layers: layers.map((layer) => blob(files, layer)), names };
}

function nameOf({ annotations }: Descriptor): string[] {
  const name = annotations['io.containerd.image.name'] ?? annotations['org.opencontainers.image.ref.name'];
  // The second may be a mere tag, which names nothing.
  return name?.includes(':') ? [name] : [];
}

const pathOf = ({ digest }: Descriptor) => `blobs/sha256/${digest.replace('sha256:', '')}`;

function blob(files: ArchiveFiles, wanted: Descriptor): SpooledFile {
  const file = fileAt(files, pathOf(wanted));
  if (`sha256:${file.sha256}` !== wanted.digest) {
    throw new AppError('invalid', `Something in the archive is not what it is called: ${wanted.digest}`);
  }
  return file;
}

function fileAt(files: ArchiveFiles, path: string): SpooledFile {
  const file = files.get(safePath(path));
  if (!file) throw new AppError('invalid', `The archive lacks ${path.slice(0, 200)}`);
  return file;
}

async function parsed<T>(file: SpooledFile, schema: z.ZodType<T>, what: string): Promise<T> {
  const bytes = await readSmall(file, what);
  try {
    return schema.parse(JSON.parse(bytes.toString()));
  } catch (error) {
    throw new AppError('invalid', `${what} cannot be read`, { cause: error });
  }
}
