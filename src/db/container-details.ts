/** Containers as their tenant, together with what they are made of: as many as there are in one round trip. */
import { type SQL, sql } from 'drizzle-orm';
import type { ContainerStatus } from '../domain/container.ts';
import type { ContainerDetails, ContainerVolume } from '../domain/container-details.ts';
import { imageConfig } from '../domain/image.ts';
import { SHARED_TENANT_ID } from '../domain/principal.ts';
import type { Db, Row } from './client.ts';
import { currentRun, shownContainer } from './containers.ts';
import { param, statement } from './statements.ts';
import { statusFilter } from './status-filter.ts';
import { prepareTenantRead, tenantRead } from './tenancy.ts';

const sharedTenant = sql.raw(`'${SHARED_TENANT_ID}'::uuid`);

const detailed = (where: SQL): SQL => sql`select ${shownContainer.columns},
    (select i.details->'config' from images i where i.tenant_id in (s.v, ${sharedTenant}) and i.id = c.image_id limit 1) as image,
    (select jsonb_agg(jsonb_build_object('position', l.position, 'name', v.name, 'anonymous', v.anonymous) order by l.position)
      from container_volumes l join volumes v on v.tenant_id = l.tenant_id and v.name = l.volume_name
      where l.tenant_id = s.v and l.container_id = c.id) as volumes
  from containers c join runs r on ${currentRun}
  where c.tenant_id = s.v and c.removed_at is null and ${where}
  order by c.created_at desc, c.id desc`;

const byId = prepareTenantRead<{ tenantId: string; id: string }>(detailed(sql`c.id = ${param('id', 'text')}`));

function toDetails(row: Row): ContainerDetails {
  return {
    ...shownContainer.read(row),
    image: row.image === null ? null : imageConfig.parse(row.image),
    volumes: (row.volumes as ContainerVolume[] | null) ?? [],
  };
}

/** Newest first; as many as the quota allows. */
export async function allContainerDetails(
  db: Db,
  tenantId: string,
  { status }: { status?: ContainerStatus[] | undefined },
): Promise<ContainerDetails[]> {
  const select = detailed(status ? statusFilter(status) : sql`true`);
  return (await db.query('app', statement(tenantRead(tenantId, select)))).map(toDetails);
}

/** By full id. Null for one that is removed. */
export async function containerDetails(db: Db, tenantId: string, id: string): Promise<ContainerDetails | null> {
  const [row] = await db.query('app', byId({ tenantId, id }));
  return row ? toDetails(row) : null;
}
