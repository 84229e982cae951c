/** API keys and tickets: hashes only. Looking one up precedes knowing the tenant, so that runs as the system. */
import { and, asc, eq, gt, isNotNull, isNull, or, sql } from 'drizzle-orm';
import type { Role } from '../domain/principal.ts';
import type { Db } from './client.ts';
import { apiKeys, certificates, tenants, tickets } from './schema.ts';
import { param, prepare } from './statements.ts';
import { type SystemTx, withSystem, withTenant } from './tenancy.ts';

/** Whom a credential stands for. */
export interface CredentialRecord {
  tenantId: string;
  tenant: string;
  /** Of the key, or of the certificate. */
  keyId: string;
  role: Role;
}

interface KeyRecord extends CredentialRecord {
  secretHash: string;
}

/** Says that the key is in use on the same way, at most once a minute. */
const lookUp = prepare(sql`with found as (
    select k.tenant_id as "tenantId", t.name as tenant, k.id as "keyId", k.role, k.secret_hash as "secretHash"
    from api_keys k join tenants t on t.id = k.tenant_id
    where k.id = ${param('id', 'text')} and k.revoked_at is null and t.deleting_at is null
      and (k.expires_at is null or k.expires_at > longshore_now())),
  used as (update api_keys k set last_used_at = longshore_now() from found f
    where k.tenant_id = f."tenantId" and k.id = f."keyId"
      and (k.last_used_at is null or k.last_used_at < longshore_now() - interval '1 minute'))
  select * from found`);

/** Null for unknown, revoked and expired keys, and for those of a tenant being deleted. */
export async function findKey(db: Db, id: string): Promise<KeyRecord | null> {
  const [row] = await db.query('reconciler', lookUp({ id }));
  return (row as unknown as KeyRecord | undefined) ?? null;
}

export type KeySummary = Pick<
  typeof apiKeys.$inferSelect,
  'id' | 'name' | 'role' | 'createdAt' | 'expiresAt' | 'lastUsedAt'
>;

export async function insertKey(tx: SystemTx, key: typeof apiKeys.$inferInsert): Promise<void> {
  await tx.insert(apiKeys).values(key);
}

/** Live keys by id, after an id. */
export function listKeys(
  db: Db,
  tenantId: string,
  page: { after: string | null; limit: number },
): Promise<KeySummary[]> {
  const { id, name, role, createdAt, expiresAt, lastUsedAt } = apiKeys;
  return withSystem(db, 'the operator manages the keys of tenants', (tx) =>
    tx
      .select({ id, name, role, createdAt, expiresAt, lastUsedAt })
      .from(apiKeys)
      .where(
        and(
          eq(apiKeys.tenantId, tenantId),
          isNull(apiKeys.revokedAt),
          page.after === null ? undefined : gt(id, page.after),
        ),
      )
      .orderBy(asc(id))
      .limit(page.limit),
  );
}

/** False when there is no such live key. */
export function revokeKey(db: Db, tenantId: string, id: string): Promise<boolean> {
  return withSystem(db, 'the operator manages the keys of tenants', async (tx) => {
    const revoked = await tx
      .update(apiKeys)
      .set({ revokedAt: sql`longshore_now()` })
      .where(and(eq(apiKeys.tenantId, tenantId), eq(apiKeys.id, id), isNull(apiKeys.revokedAt)))
      .returning({ id: apiKeys.id });
    return revoked.length > 0;
  });
}

export async function insertTicket(
  db: Db,
  ticket: { tenantId: string; secretHash: string; keyId: string; role: Role; seconds: number },
): Promise<void> {
  const { seconds, ...row } = ticket;
  await withTenant(db, ticket.tenantId, (tx) =>
    tx.insert(tickets).values({ ...row, expiresAt: sql`longshore_now() + make_interval(secs => ${seconds})` }),
  );
}

/** Spends it: the second caller with the same ticket gets null, as does one that comes too late. */
export function takeTicket(db: Db, secretHash: string): Promise<CredentialRecord | null> {
  return withSystem(db, 'a ticket tells its tenant only when it is found', async (tx) => {
    const [taken] = await tx
      .delete(tickets)
      .where(and(eq(tickets.secretHash, secretHash), sql`${tickets.expiresAt} > longshore_now()`))
      .returning();
    if (!taken) return null;
    const [tenant] = await tx
      .select({ name: tenants.name })
      .from(tenants)
      .leftJoin(apiKeys, and(eq(apiKeys.tenantId, tenants.id), eq(apiKeys.id, taken.keyId), isNull(apiKeys.revokedAt)))
      .leftJoin(
        certificates,
        and(eq(certificates.tenantId, tenants.id), eq(certificates.id, taken.keyId), isNull(certificates.revokedAt)),
      )
      .where(
        and(
          eq(tenants.id, taken.tenantId),
          isNull(tenants.deletingAt),
          or(isNotNull(apiKeys.id), isNotNull(certificates.id)),
        ),
      );
    return tenant ? { tenantId: taken.tenantId, tenant: tenant.name, keyId: taken.keyId, role: taken.role } : null;
  });
}
