/** Networks and volumes: keys and who uses them. There are no packets and no bytes. */
import { AppError } from '../../domain/errors.ts';
import type { NetworkRef, VolumeRef } from '../provider.ts';
import { isUp, type MemoryWorld } from './world.ts';

export function ensureNetwork(world: MemoryWorld, installId: string, network: NetworkRef): void {
  if (!world.networks.has(network.key)) world.networks.set(network.key, { ...network, installId });
}

export function removeNetwork(world: MemoryWorld, key: string): void {
  for (const run of world.runs.values()) {
    if (isUp(run) && run.input.networks.some((network) => network.key === key)) {
      throw new AppError('conflict', 'Containers are attached to the network.');
    }
  }
  world.networks.delete(key);
}

export function ensureVolume(world: MemoryWorld, installId: string, volume: VolumeRef): void {
  if (!world.volumes.has(volume.key)) world.volumes.set(volume.key, { ...volume, installId });
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
