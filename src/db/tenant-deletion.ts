/** Taking a tenant apart: what it still has, and its end. Crosses tenants: the operator's and the sweeper's work. */
import { sql } from 'drizzle-orm';
import type { Actor } from '../domain/principal.ts';
import type { Db, Statement } from './client.ts';
import { checkScheduled, mayAccept } from './schedule.ts';
import { json, param, prepare } from './statements.ts';

const removeContainers = prepare(sql`with c as (
    update containers set desired = 'removed', generation = generation + 1, next_run_at = longshore_now(), attempts = 0
    where tenant_id = ${param('tenantId', 'uuid')} and removed_at is null and desired <> 'removed' returning *),
  operation as (insert into operations (tenant_id, id, container_id, kind, generation, actor)
    select tenant_id, gen_random_uuid(), id, 'remove', generation, ${param('actor', 'jsonb')} from c),
  news as (select row_number() over () as n, c.* from c),
  head as (update tenant_heads set event_seq = event_seq + (select count(*) from c)
    where tenant_id = ${param('tenantId', 'uuid')} and exists (select from c) returning event_seq)
  insert into events (tenant_id, seq, kind, type, resource_id, name, actor, cause, data)
    select news.tenant_id, head.event_seq - (select count(*) from c) + news.n, 'container', 'accepted.remove', news.id, news.name,
      ${param('actor', 'jsonb')}, 'tenant deletion', jsonb_build_object('generation', news.generation) from news, head`);

/** Intent for every container it still has. Repeatable. */
export async function removeContainersOf(db: Db, tenantId: string, actor: Actor): Promise<void> {
  await db.query('reconciler', removeContainers({ tenantId, actor: json(actor) }));
}

const markDeleting = prepare(sql`with may as (select ${mayAccept} as scheduled),
  marked as (update tenants set deleting_at = longshore_now() from may
    where id = ${param('tenantId', 'uuid')} and deleting_at is null and may.scheduled)
  select scheduled from may`);

/** Its keys stop working. Repeatable. Throws ScheduleOff. @param isScheduled see LeaseWish */
export async function markTenantDeleting(db: Db, tenantId: string, isScheduled: boolean): Promise<void> {
  const [row] = await db.query('reconciler', markDeleting({ tenantId, isScheduled }));
  checkScheduled(row);
}

export interface Leftovers {
  tenantId: string;
  name: string;
  containers: number;
  networks: { key: string; internal: boolean }[];
  volumes: string[];
  images: string[];
}

const leftovers = prepare(sql`select t.id as "tenantId", t.name,
    (select count(*)::int from containers c where c.tenant_id = t.id and c.removed_at is null) as containers,
    (select coalesce(jsonb_agg(jsonb_build_object('key', n.provider_key, 'internal', n.internal)), '[]') from networks n where n.tenant_id = t.id) as networks,
    (select coalesce(jsonb_agg(v.provider_key), '[]') from volumes v where v.tenant_id = t.id) as volumes,
    (select coalesce(jsonb_agg(i.id), '[]') from images i where i.tenant_id = t.id) as images
  from tenants t where t.deleting_at is not null order by random() limit 20`);

/** Of some tenants on their way out: of others each time, so that one that is stuck hides nobody. */
export async function tenantLeftovers(db: Db): Promise<Leftovers[]> {
  return (await db.query('reconciler', leftovers({}))) as unknown as Leftovers[];
}

/** Children before parents; a table that is missing here fails the foreign key, and with it the test that deletes a tenant. */
const tablesOfTenant = [
  'container_networks',
  'container_volumes',
  'operations',
  'run_hints',
  'runs',
  'containers',
  'image_tags',
  'images',
  'volumes',
  'networks',
  'events',
  'idempotency_keys',
  'tickets',
  'certificates',
  'api_keys',
  'rate_buckets',
  'quotas',
  'tenant_heads',
];
const purgeTenant = tablesOfTenant.map((table) =>
  prepare<{ tenantId: string }>(
    sql`delete from ${sql.identifier(table)} where tenant_id = ${param('tenantId', 'uuid')}
      ${table === 'containers' ? sql`and removed_at is not null` : sql``}`,
  ),
);
const purgeTenantRow = prepare<{ tenantId: string }>(sql`delete from tenants where id = ${param('tenantId', 'uuid')}`);

/**
 * Every row it had, in one transaction. Only when nothing of it is left at the provider: a container that was accepted in the
 * last moment stays, and everything with it (foreign_key_violation).
 */
export async function eraseTenant(db: Db, tenantId: string): Promise<void> {
  const statements: Statement[] = [...purgeTenant, purgeTenantRow].map((bind) => bind({ tenantId }));
  await db.batch('reconciler', statements);
}
