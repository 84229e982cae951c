/** What the provider has and no row explains, for the operator to see and, where the brake holds it, to let go. */
import type { Ctx, Deps } from '../context.ts';
import { AppError } from '../domain/errors.ts';
import type { OperatorPrincipal } from '../domain/principal.ts';
import { discardAll, findOrphans, type Orphans } from '../reconcile/orphans.ts';

export type { Orphans };

const RELEASE_MS = 15 * 60_000;

/** What the next sweep would remove, or would but for the brake. Throws unavailable, timeout. */
export function listOrphans(deps: Deps, ctx: Ctx<OperatorPrincipal>): Promise<Orphans> {
  return findOrphans(deps, ctx.signal);
}

/**
 * Removes once what the brake holds. @param count as many as the operator was shown: throws conflict when there are others now.
 * Goes on when the client goes away.
 */
export async function releaseOrphans(
  deps: Deps,
  ctx: Ctx<OperatorPrincipal>,
  count: number,
): Promise<{ removed: number; left: number }> {
  const { doomed } = await findOrphans(deps, ctx.signal);
  if (doomed.length !== count) {
    throw new AppError(
      'conflict',
      `There are ${doomed.length} objects to remove now, not ${count}: look at them first`,
    );
  }
  ctx.log.warn({ count }, 'the operator releases the brake for one pass');
  const removed = await discardAll(deps, doomed, AbortSignal.timeout(RELEASE_MS));
  return { removed, left: count - removed };
}
