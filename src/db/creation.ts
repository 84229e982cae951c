/** What a provider needs to create a container beside its spec: the networks and volumes it was accepted with. */
import { sql } from 'drizzle-orm';
import type { Container } from '../domain/container.ts';
import type { Db } from './client.ts';
import { param, prepare } from './statements.ts';

export interface CreationFacts {
  networks: { key: string; tenantId: string; internal: boolean; aliases: string[] }[];
  volumes: { key: string; tenantId: string; target: string; readOnly: boolean }[];
}

const facts = prepare(sql`select
  (select coalesce(jsonb_agg(jsonb_build_object('key', n.provider_key, 'internal', n.internal, 'aliases', l.aliases) order by l.position), '[]')
    from container_networks l join networks n on n.tenant_id = l.tenant_id and n.id = l.network_id
    where l.tenant_id = ${param('tenantId', 'uuid')} and l.container_id = ${param('id', 'text')}) as networks,
  (select coalesce(jsonb_agg(jsonb_build_object('key', v.provider_key, 'position', l.position) order by l.position), '[]')
    from container_volumes l join volumes v on v.tenant_id = l.tenant_id and v.name = l.volume_name
    where l.tenant_id = ${param('tenantId', 'uuid')} and l.container_id = ${param('id', 'text')}) as volumes`);

export async function creationFacts(db: Db, { tenantId, id, spec }: Container): Promise<CreationFacts> {
  const [row] = await db.query('reconciler', facts({ tenantId, id }));
  const networks = row?.networks as { key: string; internal: boolean; aliases: string[] }[];
  const volumes = row?.volumes as { key: string; position: number }[];
  return {
    networks: networks.map((network) => ({ ...network, tenantId })),
    volumes: volumes.flatMap(({ key, position }) => {
      const mount = spec.mounts[position];
      return mount?.type === 'volume' ? [{ key, tenantId, target: mount.target, readOnly: mount.readOnly }] : [];
    }),
  };
}
