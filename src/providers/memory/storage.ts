/** Networks and volumes: keys and who uses them. There are no packets and no bytes. */
import { AppError } from '../../domain/errors.ts';
import type { NetworkRef, VolumeRef } from '../provider.ts';
import { isUp, type MemoryWorld } from './world.ts';

export function ensureNetwork(world: MemoryWorld, installId: string, network: NetworkRef): void {
  const existing = world.networks.get(network.key);
  if (!existing) world.networks.set(network.key, { ...network, installId });
  else if (existing.tenantId !== network.tenantId)
    throw new AppError('conflict', 'Another tenant has this network key.');
}

export function removeNetwork(world: MemoryWorld, key: string): void {
  for (const run of world.runs.values()) {
    if (isUp(run) && run.seen.networks?.[key]) {
      throw new AppError('conflict', 'Containers are attached to the network.');
    }
  }
  world.networks.delete(key);
}

export function ensureVolume(world: MemoryWorld, installId: string, volume: VolumeRef): void {
  const existing = world.volumes.get(volume.key);
  if (!existing) world.volumes.set(volume.key, { ...volume, installId });
  else if (existing.tenantId !== volume.tenantId) throw new AppError('conflict', 'Another tenant has this volume key.');
}

export function removeVolume(world: MemoryWorld, key: string): void {
  for (const { input } of world.runs.values()) {
    if (input.volumes.some((volume) => volume.key === key)) {
      throw new AppError('conflict', 'The volume is mounted by a container.');
    }
  }
  world.volumes.delete(key);
}

export function volumeSizes(world: MemoryWorld, volumes: VolumeRef[]): Map<string, number> {
  return new Map(volumes.filter(({ key }) => world.volumes.has(key)).map(({ key }) => [key, 0]));
}
