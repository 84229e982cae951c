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
import { images } from './schema.ts';
import { columnsOf, param, readRow } from './statements.ts';
import { prepareTenantRead } from './tenancy.ts';

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

/** Of an image `i`, with its tags. */
export const imageColumns = sql`${columnsOf(images, 'i')},
  (select coalesce(jsonb_agg(jsonb_build_object('repository', t.repository, 'tag', t.tag) order by t.repository, t.tag), '[]')
    from image_tags t where t.tenant_id = i.tenant_id and t.image_id = i.id) as tags`;

export function toImage(row: Row): Image {
  const { details, ...image } = readRow(images, row, 'i');
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
