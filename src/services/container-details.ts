/** Reading containers together with what they are made of, for whoever describes them whole. */
import type { Ctx, Deps } from '../context.ts';
import { allContainerDetails, containerDetails } from '../db/container-details.ts';
import { findShownContainer } from '../db/containers.ts';
import type { ContainerStatus } from '../domain/container.ts';
import type { ContainerDetails } from '../domain/container-details.ts';
import { notFound } from '../domain/errors.ts';

/** By id, unique id prefix or name. Throws not_found alike for missing and for foreign ones. */
export async function describeContainer(deps: Deps, ctx: Ctx, reference: string): Promise<ContainerDetails> {
  const { tenantId } = ctx.principal;
  const isId = /^[0-9a-f]{64}$/.test(reference);
  const direct = isId ? await containerDetails(deps.db, tenantId, reference) : null;
  if (direct) return direct;
  const shown = await findShownContainer(deps.db, tenantId, reference);
  const found = shown && (await containerDetails(deps.db, tenantId, shown.id));
  if (!found) throw notFound('container', reference);
  return found;
}

/** Every one of the tenant's, or those of some statuses, newest first. */
export function describeContainers(
  deps: Deps,
  ctx: Ctx,
  filter: { status?: ContainerStatus[] | undefined },
): Promise<ContainerDetails[]> {
  return allContainerDetails(deps.db, ctx.principal.tenantId, filter);
}
