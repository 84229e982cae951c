/** How far a container's processes may go, in the Engine's words: limits, capabilities, kernel settings. Pure. */
import { capabilityNames } from '../../domain/confinement-spec.ts';
import type { ContainerSpec } from '../../domain/container-spec.ts';

const MiB = 1024 * 1024;
const nanoseconds = 1_000_000_000;

/** Memory without swap on top; an absent limit has been filled in by whoever accepted the spec. */
export function limits(resources: ContainerSpec['resources']) {
  const { memoryMiB, memoryReservationMiB, cpus, cpuShares, pids, shmMiB, oomScoreAdj } = resources;
  return {
    ...(memoryMiB !== undefined && { Memory: memoryMiB * MiB, MemorySwap: memoryMiB * MiB }),
    ...(memoryReservationMiB !== undefined && { MemoryReservation: memoryReservationMiB * MiB }),
    ...(cpus !== undefined && { NanoCpus: Math.round(cpus * nanoseconds) }),
    ...(cpuShares !== undefined && { CpuShares: cpuShares }),
    ...(pids !== undefined && { PidsLimit: pids }),
    ...(shmMiB !== undefined && { ShmSize: shmMiB * MiB }),
    ...(oomScoreAdj !== undefined && { OomScoreAdj: oomScoreAdj }),
  };
}

/** All capabilities are dropped, and what the spec leaves of the usual ones is added again. */
export function confinement({ capabilities, ulimits, sysctls }: ContainerSpec) {
  const { add = [], drop = [] } = capabilities ?? {};
  const left: readonly string[] = drop.includes('ALL') ? add : capabilityNames;
  return {
    CapDrop: ['ALL'],
    CapAdd: left.filter((name) => !drop.includes(name)),
    Ulimits: ulimits?.map(({ name, soft, hard }) => ({ Name: name, Soft: soft, Hard: hard })),
    Sysctls: sysctls,
  };
}
