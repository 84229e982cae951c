/** Idempotency keys for the front doors; the effect's own transaction spends the claim (db/accept.ts). */
import type { Deps } from '../context.ts';
import { claimKey as claim, finishKey as finish, type KeyRequest, type KeyState, renewKey } from '../db/idempotency.ts';
import type { KeyClaim } from '../db/key-claim.ts';
import { withHeartbeat } from '../domain/heartbeat.ts';

export type { KeyClaim };

/** A retry after a crash waits at most this long; whoever lives holds the key for as long as its answer takes. */
const LOCK_SECONDS = 6;

export const claimKey = (deps: Deps, request: Omit<KeyRequest, 'lockSeconds'>): Promise<KeyState> =>
  claim(deps.db, { ...request, lockSeconds: LOCK_SECONDS });

/** Works on the answer while others with the key are held off. */
export function whileHeld<T>(deps: Deps, tenantId: string, held: KeyClaim, work: () => Promise<T>): Promise<T> {
  const renew = async () => {
    try {
      return await renewKey(deps.db, tenantId, held, LOCK_SECONDS);
    } catch (error) {
      deps.log.warn({ err: error }, 'an idempotency key could not be renewed');
      return true;
    }
  };
  return withHeartbeat(deps.clock, LOCK_SECONDS / 3, renew, work);
}

/** Stores the answer, or frees the key when nothing happened under it. */
export const finishKey = (
  deps: Deps,
  tenantId: string,
  held: KeyClaim,
  answer: { status: number; body: string },
): Promise<void> => finish(deps.db, tenantId, held, answer);
