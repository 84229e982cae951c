/** Client certificates. Looking one up precedes knowing the tenant, so that runs as the system; the rest as the tenant. */
import { sql } from 'drizzle-orm';
import type { Db } from './client.ts';
import type { CredentialRecord } from './keys.ts';
import { param, prepare } from './statements.ts';

/** Says that the certificate is in use on the same way, at most once a minute. */
const lookUp = prepare(sql`with found as (
    select c.tenant_id as "tenantId", t.name as tenant, c.id as "keyId", c.role
    from certificates c join tenants t on t.id = c.tenant_id
    where c.id = ${param('id', 'text')} and c.revoked_at is null and t.deleting_at is null and c.not_after > longshore_now()),
  used as (update certificates c set last_used_at = longshore_now() from found f
    where c.tenant_id = f."tenantId" and c.id = f."keyId"
      and (c.last_used_at is null or c.last_used_at < longshore_now() - interval '1 minute'))
  select * from found`);

/** Null for unknown, revoked and expired ones, and for those of a tenant being deleted. @param id the fingerprint */
export async function findCertificate(db: Db, id: string): Promise<CredentialRecord | null> {
  const [row] = await db.query('reconciler', lookUp({ id }));
  return (row as unknown as CredentialRecord | undefined) ?? null;
}
