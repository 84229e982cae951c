/** A tenant's networks as rows. What they are at the provider follows from them. */
import { sql } from 'drizzle-orm';
import type { Ids } from '../domain/clock.ts';
import { AppError } from '../domain/errors.ts';
import { idPrefix } from '../domain/image.ts';
import { DEFAULT_NETWORK, type Network } from '../domain/network.ts';
import { networkKey } from '../domain/provider-key.ts';
import type { Db } from './client.ts';
import { networks } from './schema.ts';
import { columnsOf, json, param, readRow } from './statements.ts';
import { prepareTenantRead } from './tenancy.ts';

const networkColumns = columnsOf(networks, 'n');

/** The network that every tenant is born with. */
export function defaultNetworkRow(ids: Ids): Omit<typeof networks.$inferInsert, 'tenantId'> {
  const id = ids.hex64();
  return { id, name: DEFAULT_NETWORK, labels: {}, isDefault: true, providerKey: networkKey(id) };
}

/** Each branch is served by an index of its own: name, and the primary key's range for an id or a prefix of one. */
const byReferences = prepareTenantRead<{ tenantId: string; wanted: string | null }>(sql`
  select w.position, m.rank, ${networkColumns}
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
    return first ? readRow(networks, first, 'n') : null;
  });
}
