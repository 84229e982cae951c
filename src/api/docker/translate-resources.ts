/** HostConfig's limits and confinement to members of a spec. Pure. */
import { capabilityNames, sysctlNames, ulimitNames } from '../../domain/confinement-spec.ts';
import { refuse } from './check-fields.ts';
import type { HostConfigBody } from './create-body.ts';

const MiB = 2 ** 20;
/** Of the kernel's scheduler, in microseconds. */
const DEFAULT_PERIOD = 100_000;

const inMiB = (bytes: number | undefined) => (bytes ? bytes / MiB : undefined);

type Limits = Pick<
  HostConfigBody,
  'Memory' | 'MemoryReservation' | 'NanoCpus' | 'CpuQuota' | 'CpuPeriod' | 'CpuShares' | 'PidsLimit'
> &
  Partial<Pick<HostConfigBody, 'ShmSize' | 'OomScoreAdj'>>;

export function resourcesOf(host: Limits) {
  return {
    memoryMiB: inMiB(host.Memory),
    memoryReservationMiB: inMiB(host.MemoryReservation),
    cpus: cpusOf(host),
    cpuShares: host.CpuShares,
    pids: host.PidsLimit,
    shmMiB: inMiB(host.ShmSize),
    oomScoreAdj: oomScoreOf(host.OomScoreAdj),
  };
}

function cpusOf({ NanoCpus, CpuQuota, CpuPeriod }: Limits): number | undefined {
  if (NanoCpus === undefined) return CpuQuota === undefined ? undefined : CpuQuota / (CpuPeriod ?? DEFAULT_PERIOD);
  if (CpuQuota !== undefined || CpuPeriod !== undefined) {
    throw refuse('invalid', 'HostConfig.NanoCpus', 'cannot be set together with CpuQuota or CpuPeriod');
  }
  return NanoCpus / 1_000_000_000;
}

function oomScoreOf(score: number | undefined): number | undefined {
  if (score === undefined || score >= 0) return score;
  throw refuse('forbidden', 'HostConfig.OomScoreAdj', 'is refused: others would be ended in its place. Leave it out');
}

export function confinementOf({ CapAdd, CapDrop, SecurityOpt, Sysctls, Ulimits }: HostConfigBody) {
  for (const option of SecurityOpt) {
    if (!/^no-new-privileges(?:[:=]true)?$/.test(option)) {
      throw refused('SecurityOpt', option, 'nothing but no-new-privileges, which holds always');
    }
  }
  const ulimits = Ulimits?.map(({ Name, Soft, Hard }) => ({
    name: oneOf(ulimitNames, Name, 'Ulimits'),
    soft: Soft,
    hard: Hard,
  }));
  const add = CapAdd?.map((name) => oneOf(capabilityNames, name.toUpperCase().replace(/^CAP_/, ''), 'CapAdd'));
  for (const name of Object.keys(Sysctls ?? {})) oneOf(sysctlNames, name, 'Sysctls');
  return {
    ulimits,
    capabilities: add || CapDrop ? { add: add ?? [], drop: CapDrop ?? [] } : undefined,
    sysctls: Sysctls,
  };
}

/** Throws forbidden for anything else. */
function oneOf(allowed: readonly string[], value: string, field: string): string {
  if (allowed.includes(value)) return value;
  throw refused(field, value, allowed.join(', '));
}

const refused = (field: string, value: string, allowed: string) =>
  refuse(
    'forbidden',
    `HostConfig.${field}`,
    `is refused: ${JSON.stringify(value)} is not allowed. Allowed: ${allowed}`,
  );
