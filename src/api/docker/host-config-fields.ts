/** The verdicts on HostConfig: what runs beside, below and around a container's processes. */

import { approximated, type Field, type FieldTable, forbidden, mapped, unsupported } from './fields.ts';
import { mountFields } from './mount-fields.ts';
import { resourceFields } from './resource-fields.ts';
import { sizePrefix } from './size-annotations.ts';

const namespace = (kind: string, neutral: string[]): Field =>
  forbidden(
    `a container has ${kind} of its own, and neither the host's nor another container's`,
    'Leave it out; containers of one network reach each other by name',
    { neutral },
  );

const logFields: FieldTable = {
  Type: forbidden('where logs are kept is decided by the operator', 'Leave it out and read them with "docker logs"', {
    neutral: ['json-file', 'local'],
  }),
  Config: approximated('how much of the log is kept is decided by the operator'),
};

const portFields: FieldTable = {
  HostIp: approximated('ports are published on the address that the operator chose', { neutral: ['0.0.0.0', '::'] }),
  HostPort: mapped('ports.hostPort; empty: any free one. A range is refused'),
};

const restartFields: FieldTable = {
  Name: mapped('restart.policy', { neutral: ['no'] }),
  MaximumRetryCount: mapped('restart.maxRetries'),
};

const unmasked = 'parts of the kernel are hidden from containers';

export const hostConfigFields: FieldTable = {
  ...resourceFields,
  Binds: mapped('mounts; a source with a slash is a path of the host, which only the operator can allow'),
  Mounts: mapped('mounts', { fields: mountFields, items: true }),
  Tmpfs: mapped('mounts of type tmpfs'),
  VolumesFrom: mapped('volumesFrom; own containers'),
  VolumeDriver: forbidden('volumes are kept by the platform', 'Leave it out, or say "local"', { neutral: ['local'] }),
  PortBindings: mapped('ports', { fields: portFields, items: true }),
  PublishAllPorts: mapped('publishAll'),
  NetworkMode: mapped('networks; "none" is noNetwork, "host" and "container:" are refused'),
  RestartPolicy: mapped('restart', { fields: restartFields }),
  AutoRemove: mapped('autoRemove'),
  CapAdd: mapped('capabilities.add; only what a container may have at all'),
  CapDrop: mapped('capabilities.drop'),
  SecurityOpt: mapped('nothing: only "no-new-privileges" is taken, which holds always'),
  GroupAdd: mapped('groups'),
  Dns: mapped('dns.servers'),
  DnsOptions: mapped('dns.options'),
  DnsSearch: mapped('dns.search'),
  ExtraHosts: mapped('extraHosts; "host-gateway" is refused'),
  Init: mapped('init'),
  ReadonlyRootfs: mapped('readonlyRoot'),
  ShmSize: mapped('resources.shmMiB'),
  Sysctls: mapped('sysctls; those of the container’s own network that are harmless'),
  ConsoleSize: mapped('consoleSize; height before width'),
  OomScoreAdj: mapped('resources.oomScoreAdj; not below 0'),
  LogConfig: mapped('nothing: see its fields', { fields: logFields }),
  ContainerIDFile: approximated('the file is for the client to write'),
  // Compose 1.29 links what `docker-compose run` makes to the containers of its project, which are on its networks.
  Links: approximated('containers of one network find each other by name and alias; a link adds no further name'),
  Privileged: forbidden('a privileged container owns the host', 'Leave it out; no build and no test of yours needs it'),
  PidMode: namespace('processes', ['private']),
  IpcMode: namespace('shared memory', ['private']),
  UTSMode: namespace('a host name', ['private']),
  UsernsMode: namespace('users', ['private']),
  Cgroup: namespace('limits', ['private']),
  CgroupnsMode: { ...namespace('limits', ['private']), since: '1.41' },
  StorageOpt: forbidden('the size of the root file system is decided by the operator', 'Use a volume for large data'),
  Runtime: forbidden('which runtime is used is decided by the operator', 'Leave it out', { neutral: ['runc'] }),
  Isolation: unsupported('it is for containers of Windows', 'Leave it out', { neutral: ['default'] }),
  Annotations: forbidden('they steer the runtime of the host', 'Use Labels', { since: '1.43', answered: sizePrefix }),
  MaskedPaths: forbidden(unmasked, 'Leave it out', { since: '1.38', emptyCounts: true }),
  ReadonlyPaths: forbidden(unmasked, 'Leave it out', { since: '1.38', emptyCounts: true }),
  Capabilities: unsupported('only API 1.40 had it, and no client sends it', 'Use CapAdd and CapDrop', {
    since: '1.40',
  }),
};
