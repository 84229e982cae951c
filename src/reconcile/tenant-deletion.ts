/** Finishes what a tenant's deletion began: containers first, then what they used, then the rows. */
import type { Deps } from '../context.ts';
import { eraseTenant, removeContainersOf, tenantLeftovers } from '../db/tenant-deletion.ts';
import { systemActor } from '../domain/principal.ts';
import { DUE_TOPIC } from '../domain/wakeups.ts';

const STEP_MS = 20_000;

/** Answers how many tenants are gone for good, and how many still have containers and wait for the next pass. Repeatable. */
export async function finishTenantDeletions(
  deps: Deps,
  signal: AbortSignal,
): Promise<{ erased: number; pending: number }> {
  let erased = 0;
  let pending = 0;
  for (const { tenantId, name, containers, networks, volumes, images } of await tenantLeftovers(deps.db)) {
    if (signal.aborted) break;
    if (containers > 0) {
      // A create that was under way when the deletion was accepted has no such intent yet.
      await removeContainersOf(deps.db, tenantId, systemActor);
      deps.wakeups.wake(DUE_TOPIC);
      pending += 1;
      continue;
    }
    const options = () => ({ signal: AbortSignal.any([signal, AbortSignal.timeout(STEP_MS)]) });
    for (const key of volumes) await deps.provider.volumes.remove({ key, tenantId }, options());
    for (const { key, internal } of networks)
      await deps.provider.networks.remove({ key, internal, tenantId }, options());
    for (const id of images) await deps.provider.images.release(id, tenantId, options());
    await eraseTenant(deps.db, tenantId);
    deps.log.info({ tenant: name }, 'a tenant was deleted');
    erased += 1;
  }
  return { erased, pending };
}
