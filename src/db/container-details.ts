/** Containers as their tenant, together with what they are made of: as many as there are in one round trip. */
import { type SQL, sql } from 'drizzle-orm';
import type { ContainerStatus } from '../domain/container.ts';
import type { ContainerDetails, ContainerVolume } from '../domain/container-details.ts';
import { type ImageConfig, imageConfig } from '../domain/image.ts';
import { SHARED_TENANT_ID } from '../domain/principal.ts';
import type { Db, Row } from './client.ts';
import { currentRun, shownContainer } from './containers.ts';
import { param, statement } from './statements.ts';
import { statusFilter } from './status-filter.ts';
import { prepareTenantRead, tenantRead } from './tenancy.ts';

const sharedTenant = sql.raw(`'${SHARED_TENANT_ID}'::uuid`);

const config = sql`(select i.details->'config' from images i
    where i.tenant_id in (s.v, ${sharedTenant}) and i.id = c.image_id limit 1)`;

const detailed = (image: SQL, where: SQL): SQL => sql`select ${shownContainer.columns}, ${image} as image,
    (select jsonb_agg(jsonb_build_object('position', l.position, 'name', v.name, 'anonymous', v.anonymous) order by l.position)
      from container_volumes l join volumes v on v.tenant_id = l.tenant_id and v.name = l.volume_name
      where l.tenant_id = s.v and l.container_id = c.id) as volumes
  from containers c join runs r on ${currentRun}
  where c.tenant_id = s.v and c.removed_at is null and ${where}
  order by c.created_at desc, c.id desc`;

/** With one row of each image: hundreds of containers may have the same. */
const oncePerImage = sql`case when row_number() over (partition by c.image_id) = 1 then ${config} end`;

const byId = prepareTenantRead<{ tenantId: string; id: string }>(detailed(config, sql`c.id = ${param('id', 'text')}`));

function toDetails(rows: Row[]): ContainerDetails[] {
  const shown = rows.map(shownContainer.read);
  const images = new Map<string, ImageConfig>();
  for (const [at, { imageId }] of shown.entries()) {
    const { image = null } = rows[at] ?? {};
    if (image !== null) images.set(imageId, imageConfig.parse(image));
  }
  return shown.map((container, at) => ({
    ...container,
    image: images.get(container.imageId) ?? null,
    volumes: (rows[at]?.volumes as ContainerVolume[] | null) ?? [],
  }));
}

/** Newest first; as many as the quota allows. */
export async function allContainerDetails(
  db: Db,
  tenantId: string,
  { status }: { status?: ContainerStatus[] | undefined },
): Promise<ContainerDetails[]> {
  const select = detailed(oncePerImage, status ? statusFilter(status) : sql`true`);
  return toDetails(await db.query('app', statement(tenantRead(tenantId, select))));
}

/** By full id. Null for one that is removed. */
export async function containerDetails(db: Db, tenantId: string, id: string): Promise<ContainerDetails | null> {
  const [found = null] = toDetails(await db.query('app', byId({ tenantId, id })));
  return found;
}
