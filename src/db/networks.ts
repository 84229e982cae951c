/** A tenant's networks as rows. What they are at the provider follows from them. Reading is one round trip each. */
import { sql } from 'drizzle-orm';
import type { Ids } from '../domain/clock.ts';
import { AppError } from '../domain/errors.ts';
import { idPrefix } from '../domain/image.ts';
import { DEFAULT_NETWORK, type Ipam, type Network } from '../domain/network.ts';
import type { Actor } from '../domain/principal.ts';
import { networkKey } from '../domain/provider-key.ts';
import type { Db } from './client.ts';
import { writeEvents } from './events.ts';
import { checkGuard, claimValues, guarded, type KeyClaim, keyGuard } from './key-claim.ts';
import { labelsMatch } from './label-filter.ts';
import type { Page } from './paging.ts';
import { checkQuota, quotaVerdict, returnQuota, takeQuota } from './quotas.ts';
import { networks } from './schema.ts';
import { sqlState } from './sql-state.ts';
import { json, param, prepare, selection, statement } from './statements.ts';
import { prepareTenantRead, tenantBatch, tenantRead } from './tenancy.ts';

const selected = selection(networks, 'n');

/** The network that every tenant is born with. */
export function defaultNetworkRow(ids: Ids): Omit<typeof networks.$inferInsert, 'tenantId'> {
  const id = ids.hex64();
  return { id, name: DEFAULT_NETWORK, labels: {}, isDefault: true, providerKey: networkKey(id) };
}

export interface NewNetwork {
  tenantId: string;
  id: string;
  name: string;
  labels: Record<string, string>;
  internal: boolean;
  attachable: boolean;
  ipam: Ipam | null;
}

const create = prepare(sql`with ${keyGuard},
  made as (insert into networks (tenant_id, id, name, labels, internal, attachable, ipam, provider_key)
    values (${param('tenantId', 'uuid')}, ${param('id', 'text')}, ${param('name', 'text')}, ${param('labels', 'jsonb')},
      ${param('internal', 'boolean')}, ${param('attachable', 'boolean')}, ${param('ipam', 'jsonb')}, ${param('providerKey', 'text')}) on conflict do nothing returning *),
  ${takeQuota('networks')},
  changed as (select 'network' as kind, 'created' as type, id, name, '{}'::jsonb as data from made),
  ${writeEvents('counted')}
  select ${guarded}, ${quotaVerdict}, ${selected.columns} from (select 1) one left join made n on true`);

/** Throws limit (quota), conflict (name taken, or the idempotency key taken over). */
export async function createNetwork(
  db: Db,
  network: NewNetwork,
  actor: Actor,
  claim: KeyClaim | null,
): Promise<Network> {
  const values = {
    ...network,
    ...claimValues(claim),
    providerKey: networkKey(network.id),
    labels: json(network.labels),
    ipam: json(network.ipam),
    actor: json(actor),
  };
  const [rows] = await tenantBatch(db, network.tenantId, [create(values)], ([found]) => {
    const row = found?.[0];
    checkGuard(row, claim);
    checkQuota(row, 'networks');
    if (row?.made === 0) throw new AppError('conflict', `The network name "${network.name}" is already in use`);
  });
  return selected.read(rows?.[0] ?? {});
}

/** Each branch is served by an index of its own: name, and the primary key's range for an id or a prefix of one. */
const byReferences = prepareTenantRead<{ tenantId: string; wanted: string | null }>(sql`
  select w.position, m.rank, ${selected.columns}
  from jsonb_to_recordset(${param('wanted', 'jsonb')}) as w(position int, reference text, prefix text)
  cross join lateral (
    select 2 as rank, id from networks where tenant_id = s.v and name = w.reference
    union all
    (select case when id = w.reference then 1 else 3 end, id from networks
      where tenant_id = s.v and id >= w.prefix and id < w.prefix || 'g' limit 2)
  ) m join networks n on n.tenant_id = s.v and n.id = m.id
  order by w.position, m.rank`);

/** Each by id, name or unique prefix of an id, in this order; null for one that is not there. Throws invalid when a prefix is ambiguous. */
export async function findNetworks(db: Db, tenantId: string, references: string[]): Promise<(Network | null)[]> {
  const wanted = references.map((reference, position) => ({
    position,
    reference,
    prefix: idPrefix.test(reference) ? reference : null,
  }));
  const rows = await db.query('app', byReferences({ tenantId, wanted: json(wanted) }));
  return references.map((reference, position) => {
    const [first, second] = rows.filter((row) => row.position === position);
    if (first?.rank === 3 && second) {
      throw new AppError('invalid', `Multiple IDs found with provided prefix: ${reference}`);
    }
    return first ? selected.read(first) : null;
  });
}

export interface NetworkFilter {
  name?: string | undefined;
  labels?: Record<string, string | null> | undefined;
}

/** Newest first; at most page.limit + 1 rows, so that the caller sees whether there is more. */
export async function listNetworks(db: Db, tenantId: string, filter: NetworkFilter, page: Page): Promise<Network[]> {
  const parts = [sql`n.tenant_id = s.v`, ...labelsMatch(sql`n.labels`, filter.labels)];
  if (page.after) parts.push(sql`(n.created_at, n.id) < (${page.after.at}::timestamptz, ${page.after.id}::text)`);
  if (filter.name !== undefined) parts.push(sql`n.name = ${filter.name}`);
  const select = sql`select ${selected.columns} from networks n where ${sql.join(parts, sql` and `)}
    order by n.created_at desc, n.id desc limit ${page.limit + 1}`;
  const rows = await db.query('app', statement(tenantRead(tenantId, select)));
  return rows.map(selected.read);
}

const all = prepareTenantRead<{ tenantId: string }>(
  sql`select ${selected.columns} from networks n where n.tenant_id = s.v order by n.created_at desc, n.id desc`,
);

/** Every one, newest first: as many as the quota allows. */
export async function allNetworks(db: Db, tenantId: string): Promise<Network[]> {
  return (await db.query('app', all({ tenantId }))).map(selected.read);
}

const unused = sql`not exists (select from container_networks l where l.tenant_id = n.tenant_id and l.network_id = n.id)`;

const disused = prepareTenantRead<{ tenantId: string }>(sql`
  select ${selected.columns} from networks n where n.tenant_id = s.v and not n.is_default and ${unused}`);

/** Those that no container is attached to, without the default one. */
export async function unusedNetworks(db: Db, tenantId: string): Promise<Network[]> {
  return (await db.query('app', disused({ tenantId }))).map(selected.read);
}

const remove = prepare(sql`with
  gone as (delete from networks n where n.tenant_id = ${param('tenantId', 'uuid')} and n.id = ${param('id', 'text')}
    and not n.is_default and ${unused} returning *),
  ${returnQuota('networks')},
  changed as (select 'network' as kind, 'removed' as type, id, name, '{}'::jsonb as data from gone),
  ${writeEvents('returned')}
  select id from gone`);

/** False when a container is attached to it, or when it is gone already. */
export async function deleteNetwork(db: Db, tenantId: string, id: string, actor: Actor): Promise<boolean> {
  try {
    const [rows] = await tenantBatch(db, tenantId, [remove({ tenantId, id, actor: json(actor) })]);
    return rows?.length === 1;
  } catch (error) {
    if (sqlState(error) === '23503') return false;
    throw error;
  }
}
