/** The claim on an idempotency key, spent in the transaction that has the effect: a request that lost it commits nothing. */
import { type SQL, sql } from 'drizzle-orm';
import { AppError } from '../domain/errors.ts';
import type { Row } from './client.ts';
import { param } from './statements.ts';

/** The idempotency key under which a request acts. */
export interface KeyClaim {
  route: string;
  key: string;
  attempt: number;
}

/**
 * A CTE `guard` that marks the key as spent on the resource `id`. Select `guarded` beside it and give the row to checkGuard:
 * no row in guard = another attempt holds the key.
 */
export const keyGuard: SQL = sql`guard as (
  update idempotency_keys set state = 'accepted', resource = ${param('id', 'text')}
  where tenant_id = ${param('tenantId', 'uuid')} and route = ${param('route', 'text')} and key = ${param('key', 'text')}
    and attempt = ${param('attempt', 'int')} and state = 'in_progress' returning 1)`;

export const guarded: SQL = sql`(select count(*) from guard)::int as guarded`;

/** What keyGuard binds beside tenantId and id. */
export const claimValues = (claim: KeyClaim | null) => ({
  route: claim?.route ?? null,
  key: claim?.key ?? null,
  attempt: claim?.attempt ?? null,
});

/** Throws conflict when the claim was lost: the transaction must not commit. */
export function checkGuard(row: Row | undefined, claim: KeyClaim | null): void {
  if (claim !== null && row?.guarded !== 1) {
    throw new AppError('conflict', 'Another request with this Idempotency-Key took over', {
      details: { retryAfterSeconds: 1 },
    });
  }
}
