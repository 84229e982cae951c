/** Reading images as their tenant, the shared ones included: one round trip each. Writing is image-changes.ts. */
import { type SQL, sql } from 'drizzle-orm';
import { AppError } from '../domain/errors.ts';
import {
  asImageId,
  familiarRepository,
  type Image,
  type ImageTag,
  idPrefix,
  parseImageReference,
} from '../domain/image.ts';
import { SHARED_TENANT_ID } from '../domain/principal.ts';
import type { Db, Row } from './client.ts';
import { labelsMatch } from './label-filter.ts';
import type { Page } from './paging.ts';
import { images } from './schema.ts';
import { param, selection, statement } from './statements.ts';
import { prepareTenantRead, tenantRead } from './tenancy.ts';

const sharedTenant = sql.raw(`'${SHARED_TENANT_ID}'::uuid`);

/**
 * Whether the image `imageId` may be used, locked against its removal until the transaction ends. The shared ones cannot be
 * locked by a tenant; only the operator takes them away.
 */
export const usableImage: SQL = sql`
  select id from (
    select id from images where tenant_id = ${param('tenantId', 'uuid')} and id = ${param('imageId', 'text')} for key share) own
  union all
  select id from images where tenant_id = ${sharedTenant} and id = ${param('imageId', 'text')}`;

const selected = selection(images, 'i');

/** Of an image `i`, with its tags. */
const imageColumns = sql`${selected.columns},
  (select coalesce(jsonb_agg(jsonb_build_object('repository', t.repository, 'tag', t.tag) order by t.repository, t.tag), '[]')
    from image_tags t where t.tenant_id = i.tenant_id and t.image_id = i.id) as tags`;

function toImage(row: Row): Image {
  const { details, ...image } = selected.read(row);
  return { ...details, ...image, shared: image.tenantId === SHARED_TENANT_ID, tags: row.tags as ImageTag[] };
}

/** A name comes before an id, an own image before a shared one. A full id is a prefix that only itself has. */
const byReference = prepareTenantRead<{ tenantId: string } & Lookup>(sql`
  select m.rank, ${imageColumns} from (
    select 1 as rank, tenant_id, image_id as id from image_tags
      where tenant_id in (s.v, ${sharedTenant}) and repository = ${param('repository', 'text')} and tag = ${param('tag', 'text')}
    union all
    select 1, tenant_id, id from images
      where tenant_id in (s.v, ${sharedTenant}) and repo_digests ? ${param('repoDigest', 'text')}
    union all
    (select 2, tenant_id, id from images where tenant_id = s.v
      and id >= ${param('prefix', 'text')} and id < ${param('prefix', 'text')} || 'g' limit 2)
    union all
    (select 2, tenant_id, id from images where tenant_id = ${sharedTenant}
      and id >= ${param('prefix', 'text')} and id < ${param('prefix', 'text')} || 'g' limit 2)
  ) m join images i on i.tenant_id = m.tenant_id and i.id = m.id
  order by m.rank, m.tenant_id = ${sharedTenant}`);

/** By name, digest, id or unique prefix of an id. Throws invalid when it has none of these forms or a prefix is ambiguous. */
export async function findImage(db: Db, tenantId: string, reference: string): Promise<Image | null> {
  const rows = await db.query('app', byReference({ tenantId, ...lookup(reference) }));
  const [first] = rows;
  if (first?.rank === 2 && rows.some((row) => row['i.id'] !== first['i.id'])) {
    throw new AppError('invalid', `Multiple IDs found with provided prefix: ${reference}`);
  }
  return first ? toImage(first) : null;
}

interface Lookup extends Record<string, unknown> {
  repository: string | null;
  tag: string | null;
  repoDigest: string | null;
  prefix: string | null;
}

/** What a text may stand for; null where it cannot. */
function lookup(text: string): Lookup {
  const id = asImageId(text);
  if (id) return { repository: null, tag: null, repoDigest: null, prefix: id };
  const reference = parseImageReference(text);
  const repository = familiarRepository(reference);
  const digits = text.replace(/^sha256:/, '');
  const prefix = idPrefix.test(digits) ? `sha256:${digits}` : null;
  // As with Docker, a digest says all there is to say and a tag beside it is only for the reader.
  if (reference.digest)
    return { repository: null, tag: null, repoDigest: `${repository}@${reference.digest}`, prefix: null };
  return { repository, tag: reference.tag, repoDigest: null, prefix };
}

export interface ImageFilter {
  name?: { repository: string; tag: string | null } | undefined;
  labels?: Record<string, string | null> | undefined;
  /** True: only those without a tag; false: only those with one. */
  dangling?: boolean | undefined;
}

function filterSql({ name, labels, dangling }: ImageFilter): SQL {
  const parts = labelsMatch(sql`i.details->'config'->'labels'`, labels);
  const tagged = (condition: SQL) =>
    sql`exists (select from image_tags t where t.tenant_id = i.tenant_id and t.image_id = i.id and ${condition})`;
  if (name) {
    const tag = name.tag === null ? sql`true` : sql`t.tag = ${name.tag}`;
    parts.push(tagged(sql`t.repository = ${name.repository} and ${tag}`));
  }
  if (dangling !== undefined) parts.push(dangling ? sql`not ${tagged(sql`true`)}` : tagged(sql`true`));
  return parts.length === 0 ? sql`true` : sql.join(parts, sql` and `);
}

/**
 * Own and shared ones, newest first; at most page.limit + 1 rows, so that the caller sees whether there is more. Each owner's
 * are read in the order of its index. A shared image that the tenant has as well is listed as its own.
 */
export async function listImages(db: Db, tenantId: string, filter: ImageFilter, page: Page): Promise<Image[]> {
  const after = page.after
    ? sql`(i.pulled_at, i.id) < (${page.after.at}::timestamptz, ${page.after.id}::text)`
    : sql`true`;
  const newest = (owner: SQL) => sql`(select i.* from images i where ${owner} and ${after} and ${filterSql(filter)}
    order by i.pulled_at desc, i.id desc limit ${page.limit + 1})`;
  const own = sql`i.tenant_id = s.v`;
  const shared = sql`i.tenant_id = ${sharedTenant} and not exists (select from images o where o.tenant_id = s.v and o.id = i.id)`;
  const select = sql`select ${imageColumns} from (${newest(own)} union all ${newest(shared)}) i
    order by i.pulled_at desc, i.id desc limit ${page.limit + 1}`;
  return (await db.query('app', statement(tenantRead(tenantId, select)))).map(toImage);
}

const unused = prepareTenantRead<{ tenantId: string; tagged: boolean }>(sql`
  select ${imageColumns} from images i where i.tenant_id = s.v
    and not exists (select from containers c where c.tenant_id = i.tenant_id and c.image_id = i.id and c.removed_at is null)
    and (${param('tagged', 'boolean')} or not exists (select from image_tags t where t.tenant_id = i.tenant_id and t.image_id = i.id))`);

/** Own ones that no container is made of. @param filter.tagged those with tags as well */
export async function unusedImages(db: Db, tenantId: string, filter: { tagged: boolean }): Promise<Image[]> {
  return (await db.query('app', unused({ tenantId, ...filter }))).map(toImage);
}

const owned = prepareTenantRead<{ tenantId: string; id: string }>(sql`
  select i.id from images i where i.tenant_id = s.v and i.id = ${param('id', 'text')}`);

/** Whether the tenant has a row of its own for it. */
export async function ownsImage(db: Db, tenantId: string, id: string): Promise<boolean> {
  return (await db.query('app', owned({ tenantId, id }))).length > 0;
}
