/** The images that a build begins with, as pinned references of ECR that a build machine can pull: this tenant's, or shared ones. */
import { Readable } from 'node:stream';
import { z } from 'zod';
import { sha256 } from '../../../domain/clock.ts';
import { AppError } from '../../../domain/errors.ts';
import { SHARED_TENANT_ID } from '../../../domain/principal.ts';
import type { CallOptions } from '../../provider.ts';
import { deleteManifest, putManifest, type Repository } from '../images/ecr.ts';
import { heldBy, readPlaced } from '../images/places.ts';
import { openStored, readConfig } from '../images/stored.ts';
import { uploadStream } from '../images/upload.ts';
import type { Site } from '../site.ts';

export interface Bases {
  /** The same, its images as references. */
  dockerfile: string;
  references: string[];
  /** Puts ids in the place of references. */
  readable(text: string): string;
  /** Takes away what was made for the build. */
  remove(options: CallOptions): Promise<void>;
}

const named = /^(FROM (?:--platform=\S+ )?|(?:COPY|ADD) (?:--\S+ )*--from=)(sha256:[0-9a-f]{64})/gm;

/** Throws not_found for an image that is not the tenant's. */
export async function pinBases(site: Site, dockerfile: string, tenantId: string, options: CallOptions): Promise<Bases> {
  const references = new Map<string, string>();
  const made: { repository: Repository; digest: string }[] = [];
  const remove = async (call: CallOptions) => {
    for (const { repository, digest } of made) await deleteManifest(site, repository, digest, call);
  };
  try {
    for (const [, , id = ''] of dockerfile.matchAll(named)) {
      if (references.has(id)) continue;
      const { reference, copy } = await pin(site, id, tenantId, options);
      if (copy) made.push(copy);
      references.set(id, reference);
    }
  } catch (error) {
    await remove(options);
    throw error;
  }
  return {
    dockerfile: dockerfile.replace(named, (_, before, id) => before + (references.get(id) ?? id)),
    references: [...references.values()],
    readable: (text) => [...references].reduce((told, [id, reference]) => told.replaceAll(reference, id), text),
    remove,
  };
}

async function pin(site: Site, imageId: string, tenantId: string, options: CallOptions) {
  for (const holder of [tenantId, SHARED_TENANT_ID]) {
    const held = await heldBy(site, imageId, holder, options);
    if (!held) continue;
    if (held.details.config.onBuild.length === 0) return { reference: held.uri, copy: null };
    const copy = await withoutTriggers(site, { held, tenantId: holder }, options);
    return { reference: `${held.uri.split('@')[0]}@${copy.digest}`, copy };
  }
  throw new AppError('not_found', `No such image: ${imageId}`);
}

const manifestJson = z.looseObject({ config: z.looseObject({ digest: z.string(), size: z.number() }) });
const configJson = z.looseObject({ config: z.looseObject({ OnBuild: z.array(z.string()).nullish() }).nullish() });

/** The builder would run the triggers, which are in the Dockerfile already. The copy has the same layers. */
async function withoutTriggers(
  site: Site,
  found: Parameters<typeof readPlaced>[1],
  options: CallOptions,
): Promise<{ repository: Repository; digest: string }> {
  const { repository, manifest, image } = await readPlaced(site, found, options);
  const bytes = await readConfig(openStored(site, repository, options), image.config, options);
  const config = configJson.parse(JSON.parse(bytes.toString()));
  const plain = Buffer.from(JSON.stringify({ ...config, config: { ...config.config, OnBuild: null } }));
  const blob = await uploadStream(site, repository, Readable.from([plain]), options);
  const own = manifestJson.parse(JSON.parse(manifest.text));
  const text = JSON.stringify({ ...own, config: { ...own.config, ...blob } });
  const digest = `sha256:${sha256(text)}`;
  await putManifest(site, repository, { text, digest, mediaType: manifest.mediaType }, blob.digest, options);
  return { repository, digest };
}
