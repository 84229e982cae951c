/** Tenants and what each is born with. The operator's business: runs as the system. */
import { and, asc, eq, gt, ne, sql } from 'drizzle-orm';
import { SHARED_TENANT_ID } from '../domain/principal.ts';
import { type QuotaResource, quotaResources } from '../domain/quota.ts';
import type { Db } from './client.ts';
import { networks, quotas, rateBuckets, tenantHeads, tenants } from './schema.ts';
import { param, prepare } from './statements.ts';
import { type SystemTx, withSystem } from './tenancy.ts';

export interface Tenant {
  id: string;
  name: string;
  createdAt: Date;
  deletingAt: Date | null;
  quotas: Record<QuotaResource, { used: number; limit: number }>;
}

export interface NewTenant {
  id: string;
  name: string;
  limits: Record<QuotaResource, number>;
  defaultNetwork: Omit<typeof networks.$inferInsert, 'tenantId'>;
}

/** The row and everything each tenant has one of. A taken name violates `tenants_name` (23505). */
export async function insertTenant(tx: SystemTx, tenant: NewTenant): Promise<void> {
  const tenantId = tenant.id;
  await tx.insert(tenants).values({ id: tenantId, name: tenant.name });
  await tx.insert(tenantHeads).values({ tenantId });
  await tx.insert(quotas).values(
    quotaResources.map((resource) => ({
      tenantId,
      resource,
      lim: tenant.limits[resource],
      used: resource === 'networks' ? 1 : 0,
    })),
  );
  await tx
    .insert(rateBuckets)
    .values({ tenantId, class: 'requests', tokens: 0, refilledAt: sql`longshore_now() - interval '1 hour'` });
  await tx.insert(networks).values({ ...tenant.defaultNetwork, tenantId });
}

/** By name, ascending, after a name. */
export async function listTenants(db: Db, page: { after: string | null; limit: number }): Promise<Tenant[]> {
  return withSystem(db, 'the operator manages tenants', async (tx) => {
    const found = await tx
      .select()
      .from(tenants)
      .where(and(ne(tenants.id, SHARED_TENANT_ID), page.after === null ? undefined : gt(tenants.name, page.after)))
      .orderBy(asc(tenants.name))
      .limit(page.limit);
    return Promise.all(found.map((tenant) => withQuotas(tx, tenant)));
  });
}

export async function findTenant(db: Db, name: string): Promise<Tenant | null> {
  return withSystem(db, 'the operator manages tenants', async (tx) => {
    const [tenant] = await tx
      .select()
      .from(tenants)
      .where(and(eq(tenants.name, name), ne(tenants.id, SHARED_TENANT_ID)));
    return tenant ? withQuotas(tx, tenant) : null;
  });
}

async function withQuotas(tx: SystemTx, tenant: typeof tenants.$inferSelect): Promise<Tenant> {
  const rows = await tx.select().from(quotas).where(eq(quotas.tenantId, tenant.id));
  const byResource = Object.fromEntries(rows.map(({ resource, used, lim }) => [resource, { used, limit: lim }]));
  return { ...tenant, quotas: byResource as Tenant['quotas'] };
}

export async function setQuotas(
  tx: SystemTx,
  tenantId: string,
  limits: Partial<Record<QuotaResource, number>>,
): Promise<void> {
  for (const [resource, lim] of Object.entries(limits)) {
    await tx
      .update(quotas)
      .set({ lim })
      .where(and(eq(quotas.tenantId, tenantId), eq(quotas.resource, resource as QuotaResource)));
  }
}

const nameById = prepare(sql`select name from tenants where id = ${param('id', 'uuid')}`);

/** Null for one that is gone. For the reconciler, which knows tenants by their ids. */
export async function tenantName(db: Db, id: string): Promise<string | null> {
  const [row] = await db.query('reconciler', nameById({ id }));
  return row ? String(row.name) : null;
}
