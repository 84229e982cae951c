/** A tenant's volumes as rows. What they are at the provider follows from them. Reading is one round trip each. */
import { type SQL, sql } from 'drizzle-orm';
import type { Actor } from '../domain/principal.ts';
import type { Volume } from '../domain/volume.ts';
import type { Db } from './client.ts';
import { writeEvents } from './events.ts';
import { checkGuard, claimValues, guarded, type KeyClaim, keyGuard } from './key-claim.ts';
import { labelsMatch } from './label-filter.ts';
import type { Page } from './paging.ts';
import { checkQuota, quotaVerdict, returnQuota, takeQuota } from './quotas.ts';
import { volumes } from './schema.ts';
import { sqlState } from './sql-state.ts';
import { json, param, prepare, selection, statement } from './statements.ts';
import { prepareTenantRead, tenantBatch, tenantRead } from './tenancy.ts';

export interface NewVolume {
  name: string;
  labels: Record<string, string>;
  anonymous: boolean;
  providerKey: string;
}

/**
 * CTEs `made` and `counted`: the volumes of the parameter `volumes` that were not there yet, under their quota. In the order
 * of names, so that two requests for the same volumes do not wait for each other in a circle.
 */
export const makeVolumes: SQL = sql`
  made as (insert into volumes (tenant_id, name, labels, anonymous, provider_key)
    select ${param('tenantId', 'uuid')}, x.name, x.labels, x.anonymous, x."providerKey"
    from jsonb_to_recordset(${param('volumes', 'jsonb')}) as x(name text, labels jsonb, anonymous boolean, "providerKey" text)
    order by x.name on conflict do nothing returning *),
  ${takeQuota('volumes')}`;

/** Their events, as rows of `changed`. */
export const madeVolumes: SQL = sql`select 'volume' as kind, 'created' as type, name as id, name,
  jsonb_build_object('anonymous', anonymous) as data from made`;

const selected = selection(volumes, 'v');

const create = prepare(sql`with ${keyGuard}, ${makeVolumes}, changed as (${madeVolumes}), ${writeEvents('counted')}
  select ${guarded}, ${quotaVerdict}`);

/** False when it is there already. Throws limit, and conflict when the idempotency key was taken over. */
export async function createVolume(
  db: Db,
  entry: { tenantId: string; volume: NewVolume; actor: Actor; claim: KeyClaim | null },
): Promise<boolean> {
  const { tenantId, volume, claim } = entry;
  const values = {
    tenantId,
    id: volume.name,
    volumes: json([volume]),
    actor: json(entry.actor),
    ...claimValues(claim),
  };
  const [rows] = await tenantBatch(db, tenantId, [create(values)], ([found]) => {
    checkGuard(found?.[0], claim);
    checkQuota(found?.[0], 'volumes');
  });
  return rows?.[0]?.made === 1;
}

const byName = prepareTenantRead<{ tenantId: string; name: string }>(sql`
  select ${selected.columns} from volumes v where v.tenant_id = s.v and v.name = ${param('name', 'text')}`);

export async function findVolume(db: Db, tenantId: string, name: string): Promise<Volume | null> {
  const [row] = await db.query('app', byName({ tenantId, name }));
  return row ? selected.read(row) : null;
}

export interface VolumeFilter {
  name?: string | undefined;
  labels?: Record<string, string | null> | undefined;
  /** True: only those that no container mounts; false: only those that one does. */
  dangling?: boolean | undefined;
}

const unused = sql`not exists (select from container_volumes l where l.tenant_id = v.tenant_id and l.volume_name = v.name)`;

/** Newest first; at most page.limit + 1 rows, so that the caller sees whether there is more. */
export async function listVolumes(db: Db, tenantId: string, filter: VolumeFilter, page: Page): Promise<Volume[]> {
  const parts = [sql`v.tenant_id = s.v`, ...labelsMatch(sql`v.labels`, filter.labels)];
  if (page.after) parts.push(sql`(v.created_at, v.name) < (${page.after.at}::timestamptz, ${page.after.id}::text)`);
  if (filter.name !== undefined) parts.push(sql`v.name = ${filter.name}`);
  if (filter.dangling !== undefined) parts.push(filter.dangling ? unused : sql`not ${unused}`);
  const select = sql`select ${selected.columns} from volumes v where ${sql.join(parts, sql` and `)}
    order by v.created_at desc, v.name desc limit ${page.limit + 1}`;
  const rows = await db.query('app', statement(tenantRead(tenantId, select)));
  return rows.map(selected.read);
}

const all = prepareTenantRead<{ tenantId: string }>(
  sql`select ${selected.columns} from volumes v where v.tenant_id = s.v`,
);

/** Every one: as many as the quota allows. */
export async function allVolumes(db: Db, tenantId: string): Promise<Volume[]> {
  return (await db.query('app', all({ tenantId }))).map(selected.read);
}

const disused = prepareTenantRead<{ tenantId: string; named: boolean }>(sql`
  select ${selected.columns} from volumes v
  where v.tenant_id = s.v and ${unused} and (v.anonymous or ${param('named', 'boolean')})`);

/** Those that no container mounts. @param filter.named the named ones as well */
export async function unusedVolumes(db: Db, tenantId: string, filter: { named: boolean }): Promise<Volume[]> {
  return (await db.query('app', disused({ tenantId, ...filter }))).map(selected.read);
}

const remove = prepare(sql`with
  gone as (delete from volumes v where v.tenant_id = ${param('tenantId', 'uuid')} and v.name = ${param('name', 'text')}
    and ${unused} returning *),
  ${returnQuota('volumes')},
  changed as (select 'volume' as kind, 'removed' as type, name as id, name, '{}'::jsonb as data from gone),
  ${writeEvents('returned')}
  select name from gone`);

/** False when a container mounts it, or when it is gone already. */
export async function deleteVolume(db: Db, tenantId: string, name: string, actor: Actor): Promise<boolean> {
  try {
    const [rows] = await tenantBatch(db, tenantId, [remove({ tenantId, name, actor: json(actor) })]);
    return rows?.length === 1;
  } catch (error) {
    if (sqlState(error) === '23503') return false;
    throw error;
  }
}
