/**
 * What tenants push to ECR themselves. For each repository that one got a password for, a document says which of its tags have been told;
 * whatever else stands there is new.
 */
import { ListImagesCommand, type ListImagesCommandOutput } from '@aws-sdk/client-ecr';
import { z } from 'zod';
import { AppError, hasCode, unless } from '../../../domain/errors.ts';
import type { ImageDetails } from '../../../domain/image.ts';
import type { CallOptions, PushedImage } from '../../provider.ts';
import { createDocument, listDocuments, readDocument, replaceDocument } from '../documents.ts';
import { ask, type Site } from '../site.ts';
import { putManifest, type Repository, readManifest, type StoredManifest } from './ecr.ts';
import { writeHeld } from './held.ts';
import { choose, detailsOf, parseManifest } from './manifest.ts';
import { openStored, readConfig } from './stored.ts';

const pushes = z.object({ name: z.string(), uri: z.string(), told: z.record(z.string(), z.string()) });

/** Repeatable. @param path below the tenant's prefix */
export async function rememberPushes(
  site: Site,
  { tenantId, name, uri }: Repository & { uri: string },
  path: string,
  options: CallOptions,
): Promise<void> {
  await createDocument(site, `pushes/${tenantId}/${path}`, { name, uri, told: {} }, options);
}

/** Of one call; the rest is found by the next. */
const most = 20;

export async function* pushedImages(
  site: Site,
  tenantId: string,
  options: CallOptions,
): AsyncGenerator<PushedImage, void, void> {
  let found = 0;
  for (const { name: document } of await listDocuments(site, `pushes/${tenantId}/`, options)) {
    const known = await readDocument(site, document, pushes, options);
    if (!known) continue;
    const { name, uri, told } = known.value;
    const tags = await tagsIn(site, { tenantId, name }, options);
    const next = Object.fromEntries(Object.entries(told).filter(([tag]) => tags.has(tag)));
    try {
      for (const [tag, digest] of tags) {
        if (told[tag] === digest || found >= most) continue;
        found += 1;
        const details = await takeIn(site, { tenantId, name, uri }, digest, options);
        if (details) yield { repository: uri, tag, digest, details };
        next[tag] = digest;
      }
    } finally {
      // Lost to another process: what both took in is taken in once more, which changes nothing.
      const isSame = JSON.stringify(Object.entries(told).sort()) === JSON.stringify(Object.entries(next).sort());
      if (!isSame) await replaceDocument(site, document, { name, uri, told: next }, known.etag, options);
    }
  }
}

/** Our own tags are none of the tenant's. */
const own = /^(?:id|build)-[0-9a-f]+$/;

async function tagsIn(site: Site, { tenantId, name }: Repository, options: CallOptions): Promise<Map<string, string>> {
  const tags = new Map<string, string>();
  let nextToken: string | undefined;
  do {
    const command = new ListImagesCommand({
      ...{ repositoryName: name, filter: { tagStatus: 'TAGGED' }, maxResults: 1000 },
      ...(nextToken !== undefined && { nextToken }),
    });
    const send = (http: { abortSignal: AbortSignal }) => site.clients.ecr.send(command, http);
    const call = { action: 'ecr:ListImages', subject: { noun: 'repository' }, tenantId, send };
    const page: ListImagesCommandOutput | null = await unless(ask(site, call, options), ['not_found'], null);
    for (const { imageTag = '', imageDigest = '' } of page?.imageIds ?? []) {
      if (imageTag !== '' && !own.test(imageTag)) tags.set(imageTag, imageDigest);
    }
    nextToken = page?.nextToken;
  } while (nextToken !== undefined);
  return tags;
}

/** Held for the tenant from then on. Null for what is no image that runs here, or is gone. */
async function takeIn(
  site: Site,
  repository: Repository & { uri: string },
  digest: string,
  options: CallOptions,
): Promise<ImageDetails | null> {
  try {
    const found = await imageAt(site, repository, digest, options);
    if (!found) return null;
    const { manifest, details } = found;
    await putManifest(site, repository, manifest, details.id, options);
    await writeHeld(site, { uri: `${repository.uri}@${manifest.digest}`, details }, repository.tenantId, options);
    return details;
  } catch (error) {
    if (!(error instanceof AppError) || !hasCode(error, 'unsupported', 'not_found')) throw error;
    site.log('something that was pushed is no image to run', { repository: repository.name, digest, err: error });
    return null;
  }
}

async function imageAt(
  site: Site,
  repository: Repository,
  digest: string,
  options: CallOptions,
): Promise<{ manifest: StoredManifest; details: ImageDetails } | null> {
  const first = await readManifest(site, repository, digest, options);
  if (!first) return null;
  const top = parseManifest(Buffer.from(first.text));
  const chosen = top.kind === 'index' ? choose(top.list, `linux/${site.settings.architecture}`)?.digest : digest;
  const manifest = chosen === digest ? first : chosen && (await readManifest(site, repository, chosen, options));
  if (!manifest) return null;
  const read = parseManifest(Buffer.from(manifest.text));
  if (read.kind !== 'image') return null;
  const config = await readConfig(openStored(site, repository, options), read.image.config, options);
  return { manifest, details: detailsOf(read.image, config, digest) };
}
