/**
 * Writing events in the statement that makes them true. Their numbers come from the tenant's head row: what commits later
 * has the higher number, so no reader of a cursor misses one.
 */
import { type SQL, sql } from 'drizzle-orm';
import { param } from './statements.ts';

/**
 * CTEs that write one event for each row of a CTE `changed (kind, type, id, name, data)`, in its order. The statement binds
 * tenantId and actor.
 */
export const writeEvents: SQL = sql`
  head as (update tenant_heads set event_seq = event_seq + (select count(*) from changed)
    where tenant_id = ${param('tenantId', 'uuid')} and exists (select from changed) returning event_seq),
  event as (insert into events (tenant_id, seq, kind, type, resource_id, name, actor, cause, data)
    select ${param('tenantId', 'uuid')}, head.event_seq - (select count(*) from changed) + row_number() over (),
      changed.kind, changed.type, changed.id, changed.name, ${param('actor', 'jsonb')}, 'request', changed.data
    from head, changed)`;
