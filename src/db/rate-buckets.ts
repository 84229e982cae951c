/** Token buckets shared by all processes: each leases a block of tokens, so that a request costs no write. */
import { sql } from 'drizzle-orm';
import type { Db } from './client.ts';
import { param, prepare } from './statements.ts';

const leaseTokens = prepare(sql`with bucket as (
    select tokens + extract(epoch from longshore_now() - refilled_at) * ${param('perSecond', 'float8')} as filled
    from rate_buckets where tenant_id = ${param('tenantId', 'uuid')} and class = ${param('class', 'text')} for update),
  granted as (select least(filled, ${param('burst', 'float8')}) as available,
    floor(greatest(0, least(filled, ${param('burst', 'float8')}, ${param('wanted', 'float8')}))) as tokens from bucket)
  update rate_buckets set tokens = granted.available - granted.tokens, refilled_at = longshore_now() from granted
  where tenant_id = ${param('tenantId', 'uuid')} and class = ${param('class', 'text')} returning granted.tokens`);

/** How many of the wanted tokens were granted; 0 = the tenant is over its rate. */
export async function leaseRateTokens(
  db: Db,
  request: { tenantId: string; class: string; perSecond: number; burst: number; wanted: number },
): Promise<number> {
  const [row] = await db.query('reconciler', leaseTokens({ ...request }));
  return Number(row?.tokens ?? 0);
}
