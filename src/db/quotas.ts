/**
 * Counting what a tenant has against what it may have. The counter's row is changed in the statement that makes or removes
 * the rows it counts, so that parallel requests cannot get past the limit together.
 */
import { type SQL, sql } from 'drizzle-orm';
import { AppError } from '../domain/errors.ts';
import type { QuotaResource } from '../domain/quota.ts';
import type { Db, Row } from './client.ts';
import { param } from './statements.ts';
import { prepareTenantRead } from './tenancy.ts';

const counterOf = (resource: QuotaResource) =>
  sql`tenant_id = ${param('tenantId', 'uuid')} and resource = ${sql.raw(`'${resource}'`)}`;

const room = prepareTenantRead<{ tenantId: string; resource: QuotaResource }>(
  sql`select 1 from quotas where tenant_id = s.v and resource = ${param('resource', 'text')} and used < lim`,
);

/** Whether one more fits at this moment: no promise. */
export async function hasRoom(db: Db, tenantId: string, resource: QuotaResource): Promise<boolean> {
  return (await db.query('app', room({ tenantId, resource }))).length > 0;
}

/** A CTE `counted` that counts the rows of the CTE `made`; it is empty when they are too many, or none. */
export const takeQuota = (resource: QuotaResource): SQL => sql`
  counted as (update quotas set used = used + (select count(*) from made)
    where ${counterOf(resource)} and exists (select from made) and used + (select count(*) from made) <= lim returning used)`;

/** A CTE `returned` that gives back the rows of the CTE `gone`. */
export const returnQuota = (resource: QuotaResource): SQL => sql`
  returned as (update quotas set used = used - (select count(*) from gone)
    where ${counterOf(resource)} and exists (select from gone) returning used)`;

/** Selected beside takeQuota, for checkQuota. */
export const quotaVerdict: SQL = sql`(select count(*) from made)::int as made, (select count(*) from counted)::int as counted`;

/** Throws limit when rows were made that the quota has no room for: the transaction must not commit. */
export function checkQuota(row: Row | undefined, resource: QuotaResource): void {
  if (Number(row?.made) > 0 && row?.counted === 0) {
    throw new AppError('limit', `The quota of ${resource} is used up`, { details: { resource } });
  }
}
