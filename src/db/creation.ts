/** Which of a tenant's volumes serve a container's mounts: what a provider needs for its creation besides the row itself. */
import { sql } from 'drizzle-orm';
import type { Container } from '../domain/container.ts';
import type { Db } from './client.ts';
import { param, prepare } from './statements.ts';

export interface MountedVolume {
  key: string;
  tenantId: string;
  target: string;
  readOnly: boolean;
}

const mounted = prepare(sql`select v.provider_key as key, l.position
  from container_volumes l join volumes v on v.tenant_id = l.tenant_id and v.name = l.volume_name
  where l.tenant_id = ${param('tenantId', 'uuid')} and l.container_id = ${param('id', 'text')} order by l.position`);

export async function mountedVolumes(db: Db, { tenantId, id, spec }: Container): Promise<MountedVolume[]> {
  if (!spec.mounts.some(({ type }) => type === 'volume')) return [];
  const rows = await db.query('reconciler', mounted({ tenantId, id }));
  return rows.flatMap(({ key, position }) => {
    const mount = spec.mounts[Number(position)];
    return mount?.type === 'volume'
      ? [{ key: String(key), tenantId, target: mount.target, readOnly: mount.readOnly }]
      : [];
  });
}
