/**
 * Rows and the provider's holds, kept together without a transaction over both. A pull holds before its row commits; a removal
 * deletes the row before it releases. Where the two cross, whoever comes last looks again and sets it right.
 */
import type { Deps } from '../context.ts';
import { removeImage } from '../db/image-changes.ts';
import { ownsImage } from '../db/images.ts';
import { AppError } from '../domain/errors.ts';
import { systemActor } from '../domain/principal.ts';
import { callOptions } from '../reconcile/provider-call.ts';

/** After a row was committed: false when a removal won meanwhile, and then neither row nor hold is left. */
export async function confirmHold(deps: Deps, tenantId: string, id: string): Promise<boolean> {
  try {
    await deps.provider.images.hold(id, tenantId, callOptions());
    if (await ownsImage(deps.db, tenantId, id)) return true;
    await releaseHold(deps, tenantId, id);
    return false;
  } catch (error) {
    if (!(error instanceof AppError) || error.code !== 'not_found') throw error;
    await removeImage(deps.db, { tenantId, id, tag: null, name: id, actor: systemActor }, () => undefined);
    return false;
  }
}

/** After a row was deleted, or when none came to be. A failure leaves a hold without a row, which the sweeper ends. */
export async function releaseHold(deps: Deps, tenantId: string, id: string): Promise<void> {
  try {
    await deps.provider.images.release(id, tenantId, callOptions());
    if (await ownsImage(deps.db, tenantId, id)) await confirmHold(deps, tenantId, id);
  } catch (error) {
    deps.log.warn({ err: error, image: id }, 'a removed image is left to the sweeper');
  }
}
