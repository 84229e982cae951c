/** Idempotency keys for the front doors; the effect's own transaction spends the claim (db/accept.ts). */
import type { Deps } from '../context.ts';
import { claimKey as claim, finishKey as finish, type KeyRequest, type KeyState } from '../db/idempotency.ts';
import type { KeyClaim } from '../db/key-claim.ts';

export type { KeyClaim };

export const claimKey = (deps: Deps, request: KeyRequest): Promise<KeyState> => claim(deps.db, request);

/** Stores the answer, or frees the key when nothing happened under it. */
export const finishKey = (
  deps: Deps,
  tenantId: string,
  held: KeyClaim,
  answer: { status: number; body: string },
): Promise<void> => finish(deps.db, tenantId, held, answer);
