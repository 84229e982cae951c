/** What carries an installation's mark, and its removal by kind: the sweeper's view of the world. */
import type { OwnedObject } from '../provider.ts';
import { releaseImage } from './images.ts';
import { type RunsContext, takeAway } from './runs.ts';
import { removeNetwork, removeVolume } from './storage.ts';

export function listOwned({ world, installId }: RunsContext): OwnedObject[] {
  const isOurs = (object: { installId: string }) => object.installId === installId;
  const noRun = { containerId: null, incarnation: null, phase: null };
  return [
    ...[...world.runs.values()].filter(isOurs).map(({ input, seen }): OwnedObject => {
      const { key, tenantId, containerId, incarnation } = input;
      return { kind: 'container', key, handle: seen.handle, tenantId, containerId, incarnation, phase: seen.phase };
    }),
    ...[...world.networks.values()].filter(isOurs).map(({ key, tenantId }): OwnedObject => {
      return { kind: 'network', key, handle: key, tenantId, ...noRun };
    }),
    ...[...world.volumes.values()].filter(isOurs).map(({ key, tenantId }): OwnedObject => {
      return { kind: 'volume', key, handle: key, tenantId, ...noRun };
    }),
    ...[...world.images].flatMap(([id, image]) =>
      [...image.holds.values()].filter(isOurs).map(({ tenantId }): OwnedObject => {
        return { kind: 'image', key: id, handle: id, tenantId, ...noRun };
      }),
    ),
  ];
}

export function discard({ world, installId }: RunsContext, object: OwnedObject): void {
  const run = world.byHandle.get(object.handle);
  if (object.kind === 'container' && run) takeAway(world, run);
  else if (object.kind === 'network') removeNetwork(world, object.key);
  else if (object.kind === 'volume') removeVolume(world, object.key);
  else if (object.kind === 'image') releaseImage(world, installId, object.handle, object.tenantId);
}
