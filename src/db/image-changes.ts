/** Changing a tenant's images: rows, tags, quota and events in one transaction each. Reading is images.ts. */
import { type SQL, sql } from 'drizzle-orm';
import { AppError } from '../domain/errors.ts';
import type { ImageDetails, ImageTag } from '../domain/image.ts';
import type { Actor } from '../domain/principal.ts';
import type { Db } from './client.ts';
import { writeEvents } from './events.ts';
import { checkGuard, claimValues, guarded, type KeyClaim, keyGuard } from './key-claim.ts';
import { checkQuota, quotaVerdict, returnQuota, takeQuota } from './quotas.ts';
import { json, param, prepare } from './statements.ts';
import { tenantBatch } from './tenancy.ts';

const here = sql`tenant_id = ${param('tenantId', 'uuid')}`;

/** CTE `tagged`: the tag stands for the image of the CTE `image` from now on; empty when it did already, or there is no tag. */
const moveTag: SQL = sql`tagged as (insert into image_tags as t (tenant_id, repository, tag, image_id)
    select ${param('tenantId', 'uuid')}, ${param('repository', 'text')}, ${param('tag', 'text')}, image.id
    from image where ${param('tag', 'text')} is not null
    on conflict (tenant_id, repository, tag) do update set image_id = excluded.image_id where t.image_id <> excluded.image_id
    returning image_id as id, repository || ':' || tag as name)`;

/** xmax is 0 in a row that this statement inserted, and not in one that it updated. */
const keep = prepare(sql`with ${keyGuard},
  image as (insert into images as i (tenant_id, id, details, repo_digests)
    values (${param('tenantId', 'uuid')}, ${param('id', 'text')}, ${param('details', 'jsonb')}, ${param('repoDigests', 'jsonb')})
    on conflict (tenant_id, id) do update set details = excluded.details, pulled_at = longshore_now(),
      repo_digests = (select coalesce(jsonb_agg(distinct d), '[]') from jsonb_array_elements(i.repo_digests || excluded.repo_digests) d)
    returning id, xmax = 0 as inserted),
  made as (select id from image where inserted),
  ${takeQuota('images')},
  ${moveTag},
  changed as (select 'image' as kind, ${param('event', 'text')} as type, id, ${param('name', 'text')} as name, '{}'::jsonb as data from image),
  ${writeEvents('counted')}
  select ${guarded}, ${quotaVerdict}`);

export interface KeptImage {
  tenantId: string;
  details: ImageDetails;
  repoDigests: string[];
  /** Moved here from whatever image it stood for. */
  tag: ImageTag | null;
  /** How the tenant called it. */
  name: string;
  event: 'pulled' | 'tagged' | 'committed' | 'loaded' | 'imported' | 'built' | 'pushed';
  actor: Actor;
  /** Spent on the image, where a request makes a new one each time. */
  claim?: KeyClaim | null;
}

/** Makes or refreshes the row of an image that the provider holds. Throws limit, and conflict where the key was taken over. */
export async function keepImage(
  db: Db,
  { tenantId, details, repoDigests, tag, name, event, actor, claim = null }: KeptImage,
): Promise<void> {
  const values = {
    ...claimValues(claim),
    tenantId,
    id: details.id,
    details: json(details),
    repoDigests: json(repoDigests),
    repository: tag?.repository ?? null,
    tag: tag?.tag ?? null,
    name,
    event,
    actor: json(actor),
  };
  await tenantBatch(db, tenantId, [keep(values)], ([rows]) => {
    checkGuard(rows?.[0], claim);
    checkQuota(rows?.[0], 'images');
  });
}

const addDigest = prepare(sql`with
  image as (update images as i set repo_digests =
      (select jsonb_agg(distinct d) from jsonb_array_elements(i.repo_digests || jsonb_build_array(${param('digest', 'text')})) d)
    where ${here} and id = ${param('id', 'text')} returning id),
  changed as (select 'image' as kind, 'pushed' as type, id, ${param('name', 'text')} as name, '{}'::jsonb as data from image),
  ${writeEvents()}
  select count(*)::int as images from image`);

/** Where it was pushed to, as `repository@sha256:…`. Nothing happens to an image that is gone. */
export async function addRepoDigest(
  db: Db,
  entry: { tenantId: string; id: string; digest: string; name: string; actor: Actor },
): Promise<void> {
  await tenantBatch(db, entry.tenantId, [addDigest({ ...entry, actor: json(entry.actor) })]);
}

/** An image is shown with all of its tags, also in lists. */
const MAX_TAGS = 100;

/** The image is locked before the head row, as its removal does. */
const addTag = prepare(sql`with
  image as (select id from images where ${here} and id = ${param('id', 'text')} for key share),
  ${moveTag},
  changed as (select 'image' as kind, 'tagged' as type, id, name, '{}'::jsonb as data from tagged),
  ${writeEvents()}
  select (select count(*) from image)::int as images, (select count(*) from tagged)::int as moved,
    (select count(*) from image_tags where ${here} and image_id = ${param('id', 'text')})::int as before`);

/** Throws limit. `gone` when the image was removed meanwhile. */
export async function tagImage(
  db: Db,
  entry: { tenantId: string; id: string; tag: ImageTag; actor: Actor },
): Promise<'moved' | 'was there' | 'gone'> {
  const { tenantId, id, tag, actor } = entry;
  const statement = addTag({ tenantId, id, ...tag, actor: json(actor) });
  const [rows] = await tenantBatch(db, tenantId, [statement], ([found]) => {
    const row = found?.[0];
    if (row?.moved === 1 && Number(row.before) >= MAX_TAGS)
      throw new AppError('limit', `An image may have at most ${MAX_TAGS} tags`);
  });
  if (rows?.[0]?.images === 0) return 'gone';
  return rows?.[0]?.moved === 1 ? 'moved' : 'was there';
}

/** Nobody tags it or creates a container from it until the transaction ends; the next statement sees those who did before. */
const lock = prepare(sql`select id from images where ${here} and id = ${param('id', 'text')} for update`);

const asked = sql`(${param('tag', 'text')} is null or (repository = ${param('repository', 'text')} and tag = ${param('tag', 'text')}))`;

const remove = prepare(sql`with
  untagged as (delete from image_tags where ${here} and image_id = ${param('id', 'text')} and ${asked} returning repository, tag),
  gone as (delete from images where ${here} and id = ${param('id', 'text')}
    and not exists (select from image_tags where ${here} and image_id = ${param('id', 'text')} and not ${asked}) returning id),
  ${returnQuota('images')},
  changed as (
    select 'image' as kind, 'untagged' as type, ${param('id', 'text')} as id, repository || ':' || tag as name, '{}'::jsonb as data from untagged
    union all select 'image', 'removed', id, ${param('name', 'text')}, '{}'::jsonb from gone),
  ${writeEvents('returned')}
  select (select coalesce(jsonb_agg(jsonb_build_object('repository', repository, 'tag', tag) order by repository, tag), '[]')
      from untagged) as untagged,
    exists (select from gone) as removed,
    (select name from containers where ${here} and image_id = ${param('id', 'text')} and removed_at is null limit 1) as "usedBy"`);

export interface Removal {
  /** The tags that go. */
  untagged: ImageTag[];
  /** No tag stays, so that the image goes as well. */
  removed: boolean;
  /** Name of a container that is made of it. */
  usedBy: string | null;
}

/**
 * Takes away one tag or, with null, all of them, and the image when none stays. `judge` sees what is about to happen and
 * prevents it by throwing. Null when the image is gone already.
 */
export async function removeImage(
  db: Db,
  entry: { tenantId: string; id: string; tag: ImageTag | null; name: string; actor: Actor },
  judge: (removal: Removal) => void,
): Promise<Removal | null> {
  const { tenantId, id, tag, name, actor } = entry;
  const values = { tenantId, id, repository: tag?.repository ?? null, tag: tag?.tag ?? null, name, actor: json(actor) };
  const read = (rows: Record<string, unknown>[] | undefined): Removal => rows?.[0] as unknown as Removal;
  const [locked, rows] = await tenantBatch(db, tenantId, [lock(values), remove(values)], ([found, planned]) => {
    if (found?.length === 1) judge(read(planned));
  });
  return locked?.length === 1 ? read(rows) : null;
}
