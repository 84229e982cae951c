/** Compares what a provider has with what rows explain. Crosses tenants: the sweeper's view. */
import { sql } from 'drizzle-orm';
import type { Phase } from '../domain/container.ts';
import type { Db } from './client.ts';
import { json, param, prepare } from './statements.ts';

export interface OwnedKey {
  kind: 'container' | 'network' | 'volume' | 'image';
  key: string;
  handle: string;
  tenantId: string;
  containerId: string | null;
  incarnation: number | null;
  phase: Phase | null;
}

/**
 * `expected`: a live row's own object. `obsolete`: its container is removed, has a newer incarnation, or has this one under
 * another handle (made again by a zombie). `stray`: no row.
 */
export type Standing = 'expected' | 'obsolete' | 'stray';

/** What tells one object from all others: tenants hold the same image, each by itself. */
export const nameOf = ({ kind, tenantId, key }: Pick<OwnedKey, 'kind' | 'tenantId' | 'key'>): string =>
  `${kind} ${tenantId} ${key}`;

/** A label is only a label: an object whose names no tenant is a stray, and no error. */
const compare = prepare(sql`with x as (
    select o.*, case when o.label ~ '^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$' then o.label::uuid end as "tenantId"
    from (select kind, key, handle, "tenantId" as label, "containerId", incarnation
      from jsonb_to_recordset(${param('owned', 'jsonb')}) as j(
        kind text, key text, handle text, "tenantId" text, "containerId" text, incarnation int)) o)
  select x.key, x.kind, x.label as "tenantId", case
    when x.kind = 'container' then case
      when c.id is null then 'stray'
      when c.removed_at is not null or x.incarnation < c.incarnation or x.handle <> r.handle then 'obsolete'
      else 'expected' end
    when exists (select from networks n where x.kind = 'network' and n.tenant_id = x."tenantId" and n.provider_key = x.key)
      or exists (select from volumes v where x.kind = 'volume' and v.tenant_id = x."tenantId" and v.provider_key = x.key)
      or exists (select from images i where x.kind = 'image' and i.tenant_id = x."tenantId" and i.id = x.key) then 'expected'
    else 'stray' end as standing
  from x left join containers c on x.kind = 'container' and c.tenant_id = x."tenantId" and c.id = x."containerId"
  left join runs r on r.tenant_id = c.tenant_id and r.container_id = c.id and r.incarnation = x.incarnation`);

/** By name. List the provider first: rows always precede their objects. */
export async function standings(db: Db, owned: OwnedKey[]): Promise<Map<string, Standing>> {
  const rows = await db.query('reconciler', compare({ owned: json(owned) }));
  return new Map(rows.map((row) => [nameOf(row as unknown as OwnedKey), row.standing as Standing]));
}

const noteStrays = prepare(sql`with seen as (
    insert into strays (kind, key) select x.kind, x.key from jsonb_to_recordset(${param('strays', 'jsonb')}) as x(kind text, key text)
    on conflict (kind, key) do update set sightings = strays.sightings + 1 returning *),
  forgotten as (delete from strays s where not exists (
    select from jsonb_to_recordset(${param('strays', 'jsonb')}) as x(kind text, key text) where x.kind = s.kind and x.key = s.key))
  select kind, key from seen
  where sightings >= 2 and first_seen_at <= longshore_now() - make_interval(secs => ${param('graceSeconds', 'float8')})`);

/** Remembers strays over passes; answers the names of those seen at least twice and longer ago than the grace. */
export async function ripeStrays(db: Db, strays: OwnedKey[], graceSeconds: number): Promise<Set<string>> {
  const noted = strays.map((stray) => ({ kind: stray.kind, key: nameOf(stray) }));
  const rows = await db.query('reconciler', noteStrays({ strays: json(noted), graceSeconds }));
  return new Set(rows.map((row) => String(row.key)));
}

/** `failed` is a run that was refused its start or has ended; `pending` and `gone` are due anyway. */
const nudge = prepare(sql`with listed as (
    select * from jsonb_to_recordset(${param('owned', 'jsonb')}) as x(kind text, key text, handle text, phase text))
  update containers c set next_run_at = least(next_run_at, longshore_now())
  from runs r left join listed l on l.kind = 'container' and l.key = r.provider_key and l.handle = coalesce(r.handle, l.handle)
  where r.tenant_id = c.tenant_id and r.container_id = c.id and r.incarnation = c.incarnation and c.removed_at is null
    and case r.phase when 'lost' then l.phase is not null
      when 'failed' then l.phase in ('running', 'paused')
      else r.phase in ('created', 'running', 'paused', 'exited') and l.phase is distinct from r.phase end
  returning c.id`);

/** Makes due whatever is listed otherwise than it was last seen; answers how many. A hint may have been lost, or a zombie been at work. */
export async function nudgeDiffering(db: Db, owned: OwnedKey[]): Promise<number> {
  return (await db.query('reconciler', nudge({ owned: json(owned) }))).length;
}
