/** Everything the database holds of a tenant, to see that a call left it alone. */
import type postgres from 'postgres';

/** Counters of requests, which any request moves; and tickets, which only their use takes away. */
const beside = ['rate_buckets', 'tickets'];

/** What looking leaves behind: a key was used, a container was looked after. */
const restless = [
  'last_used_at',
  'observed_at',
  'observed_version',
  'fence',
  'next_run_at',
  'lease_owner',
  'lease_until',
  'event_seq',
];

/** Events of looking, which a viewer may. */
const looks = ['saved', 'listed', 'exported', 'archive.read', 'attached'];

/** Each row of each table with tenant_id, as text; without what is restless. @param owner who sees all tenants */
export async function snapshotOf(owner: postgres.Sql, tenant: string): Promise<Record<string, string[]>> {
  const tables = await owner<{ name: string }[]>`select table_name as name from information_schema.columns
    where table_schema = 'public' and column_name = 'tenant_id' and not table_name = any(${beside}) order by 1`;
  const entries = tables.map(async ({ name }) => {
    const rows = await owner<{ row: string }[]>`select (to_jsonb(t) - ${restless}::text[])::text as row
      from ${owner(name)} t where tenant_id = (select id from tenants where name = ${tenant})
        and not (${name === 'events'} and to_jsonb(t)->>'type' = any(${looks})) order by 1`;
    return [name, rows.map(({ row }) => row)] as const;
  });
  return Object.fromEntries(await Promise.all(entries));
}
