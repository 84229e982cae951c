/** A spec's mounts in the Engine's words. Pure. */
import type { ContainerSpec } from '../../domain/container-spec.ts';
import { type Mount, tmpfsOptions } from '../../domain/mount-spec.ts';
import type { CreateInput } from '../provider.ts';

/** Our Mounts have a source each, so that the Engine never takes them for anonymous volumes that go with the container. */
export function mountsOf({ spec, volumes }: Pick<CreateInput, 'spec' | 'volumes'>) {
  const noCopy = (target: string) =>
    spec.mounts.some((mount) => mount.type === 'volume' && mount.target === target && mount.copy === false);
  return {
    Mounts: [
      ...volumes.map(({ key, target, readOnly }) => ({
        Type: 'volume',
        Source: key,
        Target: target,
        ReadOnly: readOnly,
        ...(noCopy(target) && { VolumeOptions: { NoCopy: true } }),
      })),
      ...spec.mounts.filter(isBind).map(({ source, target, readOnly }) => ({
        Type: 'bind',
        Source: source,
        Target: target,
        ReadOnly: readOnly,
        // Neither side's later mounts show on the other.
        BindOptions: { Propagation: 'rprivate' },
      })),
    ],
    // The Engine adds noexec, nosuid and nodev where nothing else is said.
    Tmpfs: Object.fromEntries(spec.mounts.filter(isTmpfs).map((mount) => [mount.target, tmpfsOptions(mount)])),
  };
}

type SpecMount = ContainerSpec['mounts'][number];
const isBind = (mount: SpecMount): mount is Extract<Mount, { type: 'bind' }> => mount.type === 'bind';
const isTmpfs = (mount: SpecMount): mount is Extract<Mount, { type: 'tmpfs' }> => mount.type === 'tmpfs';
