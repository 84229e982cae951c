/** Volumes as Docker shows them: where they are on a host is nobody's business. Pure. */
import type { Volume } from '../../domain/volume.ts';

export const toVolume = ({ name, labels, createdAt }: Volume) => ({
  CreatedAt: createdAt.toISOString(),
  Driver: 'local',
  Labels: labels,
  Mountpoint: '',
  Name: name,
  Options: null,
  Scope: 'local',
});
