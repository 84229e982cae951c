/**
 * Events: written in the statement that makes them true, and read in their order. Their numbers come from the tenant's head
 * row: what commits later has the higher number, so no reader of a cursor misses one.
 */
import { type SQL, sql } from 'drizzle-orm';
import type { EventKind, NewEvent, TenantEvent } from '../domain/event.ts';
import type { Actor } from '../domain/principal.ts';
import type { Db } from './client.ts';
import { events } from './schema.ts';
import { json, param, prepare, selection, timestamp } from './statements.ts';
import { prepareTenantRead, tenantBatch } from './tenancy.ts';

/**
 * Whatever locks several rows of a tenant locks its objects first, then its quotas, then its head, which every event needs: in
 * any other order two of its requests would wait for each other. A condition that is always true, once these CTEs have run.
 */
export const after = (...counters: string[]): SQL =>
  sql.join(counters.map((cte) => sql` and (select count(*) from ${sql.identifier(cte)}) >= 0`));

/**
 * CTEs that write one event for each row of a CTE `changed (kind, type, id, name, data)`, in its order. The statement binds
 * tenantId and actor. @param counters the CTEs of the same statement that change quotas
 */
export const writeEvents = (...counters: string[]): SQL => sql`
  head as (update tenant_heads set event_seq = event_seq + (select count(*) from changed)
    where tenant_id = ${param('tenantId', 'uuid')} and exists (select from changed) ${after(...counters)} returning event_seq),
  event as (insert into events (tenant_id, seq, kind, type, resource_id, name, actor, cause, data)
    select ${param('tenantId', 'uuid')}, head.event_seq - (select count(*) from changed) + row_number() over (),
      changed.kind, changed.type, changed.id, changed.name, ${param('actor', 'jsonb')}, 'request', changed.data
    from head, changed)`;

const happened = prepare(sql`with
  changed as (select x.kind, x.type, x."resourceId" as id, x.name, x.data from jsonb_to_recordset(${param('events', 'jsonb')})
    as x(kind text, type text, "resourceId" text, name text, data jsonb)),
  ${writeEvents()}
  select (select event_seq from head) as seq`);

/** What happened and changed no row. */
export async function insertEvents(
  db: Db,
  { tenantId, actor, events }: { tenantId: string; actor: Actor; events: Happening[] },
): Promise<void> {
  await tenantBatch(db, tenantId, [happened({ tenantId, actor: json(actor), events: json(events) })]);
}

export type Happening = Pick<NewEvent, 'kind' | 'type' | 'resourceId' | 'name' | 'data'>;

export interface EventFilter {
  kind?: EventKind | null | undefined;
  type?: string | null | undefined;
  resourceId?: string | null | undefined;
}

export interface EventPage {
  /** In the order of their numbers. */
  events: TenantEvent[];
  /** Where to go on: everything up to this number was looked at. */
  next: number;
  /** The newest number that was given. */
  head: number;
  /** The oldest number that is kept, or would be: head + 1 when none is. */
  oldest: number;
}

const selected = selection(events, 'e');

/** All of it is of one snapshot, in which numbers have no holes: head says how far a page without further matches looked. */
const eventsAfter = prepareTenantRead<
  { tenantId: string; after: number | null; limit: number } & Required<EventFilter>
>(sql`
  select h.event_seq as head, (select min(seq) from events where tenant_id = s.v) as oldest, ${selected.columns}
  from tenant_heads h left join lateral (
    select * from events where tenant_id = s.v and seq > coalesce(${param('after', 'bigint')}, h.event_seq)
      and kind = coalesce(${param('kind', 'text')}, kind) and type = coalesce(${param('type', 'text')}, type)
      and resource_id = coalesce(${param('resourceId', 'text')}, resource_id)
    order by seq limit ${param('limit', 'int')}
  ) e on true
  where h.tenant_id = s.v order by e.seq`);

/** @param after null = behind the newest, so that only the numbers are answered. One round trip. */
export async function readEvents(
  db: Db,
  tenantId: string,
  after: number | null,
  limit: number,
  { kind = null, type = null, resourceId = null }: EventFilter,
): Promise<EventPage> {
  const rows = await db.query('app', eventsAfter({ tenantId, after, limit, kind, type, resourceId }));
  const found = rows.filter((row) => row['e.seq'] !== null).map(selected.read);
  const head = Number(rows[0]?.head ?? 0);
  const full = found.length === limit;
  return {
    events: found,
    next: full ? (found.at(-1)?.seq ?? head) : Math.max(head, after ?? head),
    head,
    oldest: Number(rows[0]?.oldest ?? head + 1),
  };
}

const before = prepareTenantRead<{ tenantId: string; at: string | null }>(sql`
  select coalesce((select e.seq - 1 from events e where e.tenant_id = s.v and e.at >= ${param('at', 'timestamptz')}
    order by e.seq limit 1), h.event_seq) as number
  from tenant_heads h where h.tenant_id = s.v`);

/** The number behind which those begin that happened at a time or after it. */
export async function numberBefore(db: Db, tenantId: string, at: Date): Promise<number> {
  const [row] = await db.query('app', before({ tenantId, at: timestamp(at) }));
  return Number(row?.number ?? 0);
}
