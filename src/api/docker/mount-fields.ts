/** The verdicts on HostConfig.Mounts, by the type of mount that they are about. */
import { approximated, type FieldTable, forbidden, mapped, unsupported } from './fields.ts';

const bindFields: FieldTable = {
  Propagation: forbidden('mounts made later must not spread between container and host', 'Leave it out', {
    neutral: ['private', 'rprivate'],
  }),
  NonRecursive: unsupported('a folder is mounted with all that is below it', 'Leave it out', { since: '1.40' }),
  CreateMountpoint: unsupported('folders of the host are not made for a mount', 'Make the folder first', {
    since: '1.42',
  }),
  ReadOnlyNonRecursive: unsupported('a folder is mounted with all that is below it', 'Leave it out', { since: '1.44' }),
  ReadOnlyForceRecursive: unsupported('it depends on the kernel of the host', 'Leave it out', { since: '1.44' }),
};

const driverFields: FieldTable = {
  Name: forbidden('volumes are kept by the platform', 'Leave it out, or say "local"', { neutral: ['local'] }),
  Options: forbidden('options of a volume driver can reach the host', 'Leave it out'),
};

const volumeFields: FieldTable = {
  NoCopy: mapped('mounts.copy'),
  Labels: mapped('mounts.labels, of the volume where the mount makes it'),
  DriverConfig: mapped('nothing: only the driver "local" without options is taken', { fields: driverFields }),
  Subpath: unsupported('a volume is mounted as a whole', 'Mount the whole volume', { since: '1.45' }),
};

const tmpfsFields: FieldTable = {
  SizeBytes: mapped('mounts.sizeMiB'),
  Mode: mapped('mounts.mode'),
  Options: mapped('mounts.exec; nothing but "exec", "noexec", "nosuid" and "nodev" is taken', { since: '1.46' }),
};

const imageFields: FieldTable = {
  Subpath: unsupported('images cannot be mounted', 'Copy out of the image into a volume', { since: '1.48' }),
};

export const mountFields: FieldTable = {
  Type: mapped('mounts.type; volume, tmpfs, and bind below folders that the operator allows'),
  Source: mapped('mounts.source'),
  Target: mapped('mounts.target'),
  ReadOnly: mapped('mounts.readOnly'),
  Consistency: approximated('it has an effect on macOS only', { neutral: ['default', 'consistent'] }),
  BindOptions: mapped('nothing: each of its fields is refused', { fields: bindFields }),
  VolumeOptions: mapped('the fields below it', { fields: volumeFields }),
  TmpfsOptions: mapped('the fields below it', { fields: tmpfsFields }),
  ImageOptions: mapped('nothing: images cannot be mounted', { fields: imageFields, since: '1.48' }),
  ClusterOptions: unsupported('there is no swarm', 'Use a volume', { since: '1.42' }),
};
