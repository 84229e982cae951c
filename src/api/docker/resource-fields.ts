/** The verdicts on the part of HostConfig that bounds what a container may use. `docker update` sends the same fields. */
import { approximated, type Field, type FieldTable, forbidden, mapped, unsupported } from './fields.ts';

const device: Field = forbidden(
  'devices of the host are not given to containers',
  'Leave it out; /dev/null, /dev/zero, /dev/random and a terminal are there',
);
const blockIo: Field = forbidden('disks are shared out by the operator', 'Leave it out');
const ofWindows: Field = unsupported('it is for containers of Windows', 'Use NanoCpus and Memory');
const realtime: Field = forbidden('real-time processes could stop all others of the host', 'Use NanoCpus or CpuShares');
const pinning: Field = forbidden('which CPUs a container runs on is decided by the operator', 'Use NanoCpus');
const kernelMemory: Field = unsupported('kernels no longer count it apart', 'Use Memory, which includes it');

const ulimitFields: FieldTable = {
  Name: mapped('ulimits.name; core, cpu, data, fsize, memlock, nofile, nproc, rss and stack'),
  Soft: mapped('ulimits.soft'),
  Hard: mapped('ulimits.hard'),
};

export const resourceFields: FieldTable = {
  Memory: mapped('resources.memoryMiB; the operator’s default when absent'),
  MemoryReservation: mapped('resources.memoryReservationMiB'),
  MemorySwap: approximated('no swap is given: a container has its Memory and no more', { sameAs: 'Memory' }),
  MemorySwappiness: approximated('no swap is given', { neutral: [-1] }),
  KernelMemory: kernelMemory,
  KernelMemoryTCP: { ...kernelMemory, since: '1.40' },
  NanoCpus: mapped('resources.cpus; the operator’s default when absent'),
  CpuQuota: mapped('resources.cpus, together with CpuPeriod', { neutral: [-1] }),
  CpuPeriod: mapped('resources.cpus, together with CpuQuota'),
  CpuShares: mapped('resources.cpuShares; at most 1024'),
  CpuRealtimePeriod: realtime,
  CpuRealtimeRuntime: realtime,
  CpusetCpus: pinning,
  CpusetMems: pinning,
  PidsLimit: mapped('resources.pids; the operator’s default when absent', { neutral: [-1] }),
  Ulimits: mapped('ulimits', { fields: ulimitFields, items: true }),
  OomKillDisable: forbidden('a container that is out of memory could stop the host', 'Ask for more Memory'),
  BlkioWeight: blockIo,
  BlkioWeightDevice: blockIo,
  BlkioDeviceReadBps: blockIo,
  BlkioDeviceWriteBps: blockIo,
  BlkioDeviceReadIOps: blockIo,
  BlkioDeviceWriteIOps: blockIo,
  DiskQuota: unsupported('the Engine never had it', 'Use a volume for large data'),
  Devices: device,
  DeviceCgroupRules: device,
  DeviceRequests: { ...device, since: '1.40' },
  CgroupParent: forbidden('a container’s limits are its own', 'Use Memory, NanoCpus and PidsLimit'),
  CpuCount: ofWindows,
  CpuPercent: ofWindows,
  IOMaximumIOps: ofWindows,
  IOMaximumBandwidth: ofWindows,
};
