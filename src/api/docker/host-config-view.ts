/** HostConfig of an inspect answer: what was asked for in the fields that clients know, and blanks for the rest. */
import type { ContainerDetails } from '../../domain/container-details.ts';
import type { ContainerSpec } from '../../domain/container-spec.ts';
import { hostMountsView } from './mounts-view.ts';
import { networkModeOf } from './networks-view.ts';
import { sizeAnnotations } from './size-annotations.ts';
import { portKey } from './translate-ports.ts';

/** What nobody can ask for. */
const blanks = {
  ContainerIDFile: '',
  LogConfig: { Type: 'json-file', Config: {} },
  VolumeDriver: '',
  Cgroup: '',
  CgroupnsMode: 'private',
  CgroupParent: '',
  IpcMode: 'private',
  PidMode: '',
  UTSMode: '',
  UsernsMode: '',
  Links: null,
  Privileged: false,
  SecurityOpt: ['no-new-privileges'],
  Runtime: 'runc',
  Isolation: '',
  BlkioWeight: 0,
  BlkioWeightDevice: [],
  BlkioDeviceReadBps: [],
  BlkioDeviceWriteBps: [],
  BlkioDeviceReadIOps: [],
  BlkioDeviceWriteIOps: [],
  CpuPeriod: 0,
  CpuQuota: 0,
  CpuRealtimePeriod: 0,
  CpuRealtimeRuntime: 0,
  CpusetCpus: '',
  CpusetMems: '',
  CpuCount: 0,
  CpuPercent: 0,
  Devices: [],
  DeviceCgroupRules: null,
  DeviceRequests: null,
  MemorySwappiness: null,
  OomKillDisable: false,
  IOMaximumIOps: 0,
  IOMaximumBandwidth: 0,
  MaskedPaths: null,
  ReadonlyPaths: null,
};

export function hostConfigView(container: ContainerDetails) {
  const { spec } = container;
  const { policy, maxRetries } = spec.restart;
  const capabilities = (names: string[] | undefined) =>
    names?.length ? names.map((name) => (name === 'ALL' ? name : `CAP_${name}`)) : null;
  return {
    ...blanks,
    ...hostMountsView(container),
    ...limitsView(spec),
    VolumesFrom: spec.volumesFrom?.map(volumesFromText) ?? null,
    NetworkMode: networkModeOf(container),
    PortBindings: portBindings(spec.ports),
    PublishAllPorts: spec.publishAll ?? false,
    RestartPolicy: { Name: policy, MaximumRetryCount: maxRetries },
    AutoRemove: spec.autoRemove,
    CapAdd: capabilities(spec.capabilities?.add),
    CapDrop: capabilities(spec.capabilities?.drop),
    Dns: spec.dns?.servers ?? [],
    DnsOptions: spec.dns?.options ?? [],
    DnsSearch: spec.dns?.search ?? [],
    ExtraHosts: spec.extraHosts?.map(({ host, address }) => `${host}:${address}`) ?? null,
    GroupAdd: spec.groups ?? null,
    ConsoleSize: [spec.consoleSize?.rows ?? 0, spec.consoleSize?.columns ?? 0],
    Init: spec.init,
    ReadonlyRootfs: spec.readonlyRoot,
    ...(spec.sysctls && { Sysctls: spec.sysctls }),
    ...sizeAnnotations(container),
  };
}

const MiB = 2 ** 20;

function limitsView({ resources, ulimits }: ContainerSpec) {
  const {
    memoryMiB = 0,
    memoryReservationMiB = 0,
    cpus = 0,
    cpuShares = 0,
    pids,
    shmMiB = 64,
    oomScoreAdj = 0,
  } = resources;
  return {
    Memory: memoryMiB * MiB,
    MemorySwap: memoryMiB * MiB,
    MemoryReservation: memoryReservationMiB * MiB,
    NanoCpus: Math.round(cpus * 1_000_000_000),
    CpuShares: cpuShares,
    PidsLimit: pids ?? null,
    ShmSize: shmMiB * MiB,
    OomScoreAdj: oomScoreAdj,
    Ulimits: ulimits?.map(({ name, soft, hard }) => ({ Name: name, Soft: soft, Hard: hard })) ?? [],
  };
}

function portBindings(ports: ContainerSpec['ports']) {
  const bindings: Record<string, { HostIp: string; HostPort: string }[]> = {};
  for (const port of ports) {
    const key = portKey(port);
    bindings[key] = [
      ...(bindings[key] ?? []),
      { HostIp: '', HostPort: port.hostPort === 0 ? '' : String(port.hostPort) },
    ];
  }
  return bindings;
}

const volumesFromText = ({ container, readOnly }: NonNullable<ContainerSpec['volumesFrom']>[number]): string =>
  readOnly === undefined ? container : `${container}:${readOnly ? 'ro' : 'rw'}`;
