/** Reading images: the tenant's own and the shared ones. */
import type { Ctx, Deps } from '../context.ts';
import { findImage, listImages as readImages } from '../db/images.ts';
import type { Page } from '../db/paging.ts';
import { notFound } from '../domain/errors.ts';
import { familiarRepository, type Image, parseImageReference } from '../domain/image.ts';
import { takeInPushed } from './pushed-images.ts';

/** By name, digest, id or unique prefix of an id: the tenant's own, then the shared ones. Throws not_found naming the reference. */
export async function requireImage(deps: Deps, ctx: Ctx, reference: string): Promise<Image> {
  const { tenantId } = ctx.principal;
  const image = await findImage(deps.db, tenantId, reference);
  if (image) return image;
  const pushed = (await takeInPushed(deps, tenantId)) ? await findImage(deps.db, tenantId, reference) : null;
  if (!pushed) throw notFound('image', reference);
  return pushed;
}

export interface ImageQuery {
  /** A repository, or a repository with a tag. */
  name?: string | undefined;
  labels?: Record<string, string | null> | undefined;
  dangling?: boolean | undefined;
}

/** Newest first; one more than the page's limit when there are more. Throws invalid for a name that is none. */
export async function listImages(deps: Deps, ctx: Ctx, { name, ...query }: ImageQuery, page: Page): Promise<Image[]> {
  if (page.after === null) await takeInPushed(deps, ctx.principal.tenantId);
  return readImages(
    deps.db,
    ctx.principal.tenantId,
    { ...query, name: name === undefined ? undefined : asName(name) },
    page,
  );
}

const PAGE = 1000;

/** All of them. */
export async function listAllImages(deps: Deps, ctx: Ctx, query: ImageQuery): Promise<Image[]> {
  const all: Image[] = [];
  for (let after: Page['after'] = null; ; ) {
    const found = await listImages(deps, ctx, query, { limit: PAGE, after });
    const page = found.slice(0, PAGE);
    all.push(...page);
    const last = page.at(-1);
    if (found.length <= PAGE || !last) return all;
    after = { at: last.pulledAt.toISOString(), id: last.id };
  }
}

function asName(text: string): { repository: string; tag: string | null } {
  const reference = parseImageReference(text);
  const tagWritten = text.lastIndexOf(':') > text.lastIndexOf('/');
  return { repository: familiarRepository(reference), tag: tagWritten ? reference.tag : null };
}
