/**
 * Writing events of resources that are not containers, inside the statement that makes them true. Their numbers come from
 * the tenant's head row, whose lock is taken last: what is committed later has the higher number, so no reader misses one.
 */
import { type SQL, sql } from 'drizzle-orm';
import type { EventKind } from '../domain/event.ts';
import { param } from './statements.ts';

/**
 * CTEs that write one event for each row of a CTE `changed (id text, name text, data jsonb)`; none when it is empty.
 * The statement binds tenantId and actor.
 */
export function writeEvents(kind: EventKind, type: string): SQL {
  return sql`
  head as (update tenant_heads set event_seq = event_seq + (select count(*) from changed)
    where tenant_id = ${param('tenantId', 'uuid')} and exists (select from changed) returning event_seq),
  event as (insert into events (tenant_id, seq, kind, type, resource_id, name, actor, cause, data)
    select ${param('tenantId', 'uuid')}, head.event_seq - (select count(*) from changed) + row_number() over (),
      ${sql.raw(`'${kind}', '${type}'`)}, changed.id, changed.name, ${param('actor', 'jsonb')}, 'request', changed.data
    from head, changed)`;
}
