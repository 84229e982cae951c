/**
 * The size that limits became where the provider has sizes of its own. HostConfig's fields are what was asked for, and the
 * Engine's API has no other word for it than annotations.
 */
import type { ContainerDetails } from '../../domain/container-details.ts';

export const sizePrefix = 'longshore.size.';

const MiB = 2 ** 20;

export function sizeAnnotations({ spec, run: { resources } }: ContainerDetails) {
  const { cpus, memoryMiB } = resources ?? {};
  if (cpus === undefined || memoryMiB === undefined) return {};
  if (isNear(cpus, spec.resources.cpus) && memoryMiB === spec.resources.memoryMiB) return {};
  return { Annotations: { [`${sizePrefix}cpus`]: String(cpus), [`${sizePrefix}memory`]: String(memoryMiB * MiB) } };
}

/** A millionth of a CPU is none. */
const isNear = (a: number, b: number | undefined): boolean => b !== undefined && Math.abs(a - b) < 1e-6;
