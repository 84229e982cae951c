/** Volumes: making, reading and removing them, and those that a container's mounts need. */
import type { Ctx, Deps } from '../context.ts';
import { ensureVolumes, type NewVolume } from '../db/volumes.ts';
import type { Ids } from '../domain/clock.ts';
import type { ContainerSpec } from '../domain/container-spec.ts';
import { actorOf } from '../domain/principal.ts';
import { volumeKey } from '../domain/provider-key.ts';

export interface VolumeUse {
  /** Index into the spec's mounts. */
  position: number;
  volumeName: string;
}

/** The volumes behind a spec's mounts: named ones are made when missing, an absent name makes an anonymous one. Throws limit. */
export async function prepareVolumes(deps: Deps, ctx: Ctx, spec: ContainerSpec): Promise<VolumeUse[]> {
  const planned = spec.mounts.flatMap((mount, position) =>
    mount.type === 'volume' ? [{ position, volume: newVolume(deps.ids, mount.source) }] : [],
  );
  if (planned.length === 0) return [];
  const { tenantId } = ctx.principal;
  await ensureVolumes(
    deps.db,
    tenantId,
    planned.map(({ volume }) => volume),
    actorOf(ctx.principal),
  );
  return planned.map(({ position, volume }) => ({ position, volumeName: volume.name }));
}

function newVolume(ids: Ids, name: string | undefined, labels: Record<string, string> = {}): NewVolume {
  const providerKey = volumeKey(ids.hex64().slice(0, 32));
  return { name: name ?? ids.hex64(), labels, anonymous: name === undefined, providerKey };
}
