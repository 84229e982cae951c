/** Mounts in inspect and list answers: as they are, and as they were asked for in HostConfig. Paths of the host stay unsaid. */
import type { ContainerDetails } from '../../domain/container-details.ts';
import { type Mount, tmpfsOptions } from '../../domain/mount-spec.ts';

type Named = Pick<ContainerDetails, 'spec' | 'volumes'>;

/** The field Mounts of a container. Memory is in HostConfig.Tmpfs only, as with the Engine. */
export function mountsView({ spec, volumes }: Named) {
  return spec.mounts.flatMap((mount, position) => {
    if (mount.type === 'tmpfs') return [];
    const common = { Type: mount.type, Destination: mount.target, Mode: '', RW: mount.readOnly !== true };
    if (mount.type === 'bind') return { ...common, Source: mount.source, Propagation: 'rprivate' };
    const Name = volumes.find((volume) => volume.position === position)?.name ?? mount.source ?? '';
    return { ...common, Name, Source: '', Driver: 'local', Propagation: '' };
  });
}

/** Binds, Mounts and Tmpfs of HostConfig. Anonymous volumes are in Config.Volumes. */
export function hostMountsView({ spec }: Named) {
  const binds: string[] = [];
  const mounts: object[] = [];
  const tmpfs: Record<string, string> = {};
  for (const mount of spec.mounts) {
    if (mount.type === 'tmpfs') tmpfs[mount.target] = tmpfsOptions(mount);
    else if (mount.type === 'volume' && mount.labels) mounts.push(labelledVolume(mount));
    else if (mount.source !== undefined) binds.push(bindText(mount, mount.source));
  }
  return {
    Binds: binds.length > 0 ? binds : null,
    ...(mounts.length > 0 && { Mounts: mounts }),
    ...(Object.keys(tmpfs).length > 0 && { Tmpfs: tmpfs }),
  };
}

function bindText(mount: Exclude<Mount, { type: 'tmpfs' }>, source: string): string {
  const options = [mount.readOnly && 'ro', mount.type === 'volume' && mount.copy === false && 'nocopy'].filter(Boolean);
  return [source, mount.target, ...(options.length > 0 ? [options.join(',')] : [])].join(':');
}

function labelledVolume({ source, target, readOnly, copy, labels }: Extract<Mount, { type: 'volume' }>) {
  return {
    Type: 'volume',
    ...(source !== undefined && { Source: source }),
    Target: target,
    ...(readOnly && { ReadOnly: true }),
    VolumeOptions: { ...(copy === false && { NoCopy: true }), Labels: labels },
  };
}
