/** What a tenant's images, containers and volumes take up. */
import type { Ctx, Deps } from '../context.ts';
import { storedCounts } from '../db/disk-usage.ts';
import { allVolumes } from '../db/volumes.ts';
import type { Volume } from '../domain/volume.ts';
import { callOptions } from '../reconcile/provider-call.ts';

export interface DiskUsage {
  /** The sum over images: a layer that two of them share counts twice. */
  images: { count: number; sizeBytes: number };
  containers: { count: number };
  /** Null: the provider has not made it yet, or cannot tell. */
  volumes: { name: string; sizeBytes: number | null }[];
}

/** Own images only; the shared ones are the operator's. */
export async function diskUsage(deps: Deps, ctx: Ctx): Promise<DiskUsage> {
  const { tenantId } = ctx.principal;
  const stored = await storedCounts(deps.db, tenantId);
  const volumes = await allVolumes(deps.db, tenantId);
  const sizes = await sizesOf(deps, volumes);
  return {
    images: { count: stored.images, sizeBytes: stored.imageBytes },
    containers: { count: stored.containers },
    volumes: volumes.map(({ name, providerKey }) => ({ name, sizeBytes: sizes.get(providerKey) ?? null })),
  };
}

/** Bytes by provider key, of each volume that the provider has made and can tell of. */
export async function volumeSizes(deps: Deps, ctx: Ctx): Promise<Map<string, number>> {
  return sizesOf(deps, await allVolumes(deps.db, ctx.principal.tenantId));
}

async function sizesOf({ provider }: Deps, volumes: Volume[]): Promise<Map<string, number>> {
  const refs = volumes.map(({ providerKey, tenantId }) => ({ key: providerKey, tenantId }));
  return refs.length === 0 ? new Map() : provider.volumes.sizes(refs, callOptions());
}
