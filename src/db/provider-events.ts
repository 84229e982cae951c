/**
 * Events of the provider's: each makes its container due once, however often and in whatever order they come. Mark and due are
 * one statement, so that no event is taken for heard whose container nobody will look at.
 */
import { sql } from 'drizzle-orm';
import type { Db } from './client.ts';
import { json, param, prepare } from './statements.ts';

export interface HeardEvent {
  tenantId: string;
  containerId: string;
  incarnation: number;
  /** Counts with `observed_version` of the run. */
  version: number;
}

/** Rows in the order of their keys: two batches with the same containers wait for each other instead of both for ever. */
const mark = prepare(sql`with heard as (
    select "tenantId", "containerId", incarnation, max(version) as version
    from jsonb_to_recordset(${param('events', 'jsonb')}) as x("tenantId" uuid, "containerId" text, incarnation int, version bigint)
    group by 1, 2, 3),
  news as (insert into run_hints (tenant_id, container_id, incarnation, version)
    select r.tenant_id, r.container_id, r.incarnation, h.version from heard h join runs r
      on r.tenant_id = h."tenantId" and r.container_id = h."containerId" and r.incarnation = h.incarnation
    where r.observed_version < h.version
    order by 1, 2, 3
    on conflict (tenant_id, container_id, incarnation) do update set version = excluded.version
      where run_hints.version < excluded.version
    returning tenant_id, container_id, incarnation)
  update containers c set next_run_at = least(c.next_run_at, longshore_now()) from news n
  where c.tenant_id = n.tenant_id and c.id = n.container_id and c.incarnation = n.incarnation and c.removed_at is null
  returning c.id`);

/** Answers the ids of the containers that are due because of them. Events of runs that are not ours are of nothing. */
export async function markEvents(db: Db, events: HeardEvent[]): Promise<string[]> {
  if (events.length === 0) return [];
  return (await db.query('reconciler', mark({ events: json(events) }))).map(({ id }) => String(id));
}
