/** Finishes what a tenant's deletion began: containers first, then what they used, then the rows. */
import type { Deps } from '../context.ts';
import { eraseTenant, type Leftovers, removeContainersOf, tenantLeftovers } from '../db/tenant-deletion.ts';
import { systemActor } from '../domain/principal.ts';
import { DUE_TOPIC } from '../domain/wakeups.ts';

const STEP_MS = 20_000;

/**
 * Answers how many tenants are gone for good, and how many still have containers and wait for the next pass. One whose
 * networks, volumes or images do not go yet is logged, and keeps no other from going. Repeatable.
 */
export async function finishTenantDeletions(
  deps: Deps,
  signal: AbortSignal,
): Promise<{ erased: number; pending: number }> {
  let erased = 0;
  let pending = 0;
  for (const tenant of await tenantLeftovers(deps.db)) {
    if (signal.aborted) break;
    if (tenant.containers > 0) {
      // A create that was under way when the deletion was accepted has no such intent yet.
      await removeContainersOf(deps.db, tenant.tenantId, systemActor);
      deps.wakeups.wake(DUE_TOPIC);
      pending += 1;
    } else if (await erase(deps, tenant, signal)) {
      erased += 1;
    }
  }
  return { erased, pending };
}

async function erase(deps: Deps, tenant: Leftovers, signal: AbortSignal): Promise<boolean> {
  const { tenantId, name, networks, volumes, images } = tenant;
  const options = () => ({ signal: AbortSignal.any([signal, AbortSignal.timeout(STEP_MS)]) });
  try {
    for (const key of volumes) await deps.provider.volumes.remove({ key, tenantId }, options());
    for (const { key, internal } of networks)
      await deps.provider.networks.remove({ key, internal, tenantId }, options());
    for (const id of images) await deps.provider.images.release(id, tenantId, options());
    await eraseTenant(deps.db, tenantId);
  } catch (error) {
    if (!signal.aborted)
      deps.log.error({ err: error, tenant: name }, 'a tenant is not gone yet; the next pass tries again');
    return false;
  }
  deps.log.info({ tenant: name }, 'a tenant was deleted');
  return true;
}
