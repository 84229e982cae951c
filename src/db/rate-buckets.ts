/** Token buckets shared by all processes: each leases a block of tokens, so that a request costs no write. */
import { sql } from 'drizzle-orm';
import type { Db } from './client.ts';
import { param, prepare } from './statements.ts';

/** Time is that of a transaction's begin: whoever waited for the lock finds a bucket that was filled later than its own now. */
const leaseTokens = prepare(sql`with bucket as (
    select tokens, refilled_at, greatest(refilled_at, longshore_now()) as now
    from rate_buckets where tenant_id = ${param('tenantId', 'uuid')} and class = ${param('class', 'text')} for update),
  filled as (select now, least(${param('burst', 'float8')},
    tokens + extract(epoch from now - refilled_at) * ${param('perSecond', 'float8')}) as tokens from bucket),
  granted as (select now, tokens as available, floor(greatest(0, least(tokens, ${param('wanted', 'float8')}))) as tokens from filled)
  update rate_buckets set tokens = granted.available - granted.tokens, refilled_at = granted.now from granted
  where tenant_id = ${param('tenantId', 'uuid')} and class = ${param('class', 'text')} returning granted.tokens`);

/** How many of the wanted tokens were granted; 0 = the tenant is over its rate. */
export async function leaseRateTokens(
  db: Db,
  request: { tenantId: string; class: string; perSecond: number; burst: number; wanted: number },
): Promise<number> {
  const [row] = await db.query('reconciler', leaseTokens({ ...request }));
  return Number(row?.tokens ?? 0);
}
