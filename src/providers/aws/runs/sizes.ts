/**
 * The sizes of Fargate tasks on Linux, as data. https://docs.aws.amazon.com/AmazonECS/latest/developerguide/fargate-tasks-services.html
 * Pure.
 */
import { AppError } from '../../../domain/errors.ts';

interface SizeRow {
  /** CPU units: 1024 are one vCPU. */
  cpuUnits: number;
  fromMiB: number;
  toMiB: number;
  stepMiB: number;
}

const rows: readonly SizeRow[] = [
  { cpuUnits: 256, fromMiB: 1024, toMiB: 2048, stepMiB: 1024 },
  { cpuUnits: 512, fromMiB: 1024, toMiB: 4096, stepMiB: 1024 },
  { cpuUnits: 1024, fromMiB: 2048, toMiB: 8192, stepMiB: 1024 },
  { cpuUnits: 2048, fromMiB: 4096, toMiB: 16_384, stepMiB: 1024 },
  { cpuUnits: 4096, fromMiB: 8192, toMiB: 30_720, stepMiB: 1024 },
  { cpuUnits: 8192, fromMiB: 16_384, toMiB: 61_440, stepMiB: 4096 },
  { cpuUnits: 16_384, fromMiB: 32_768, toMiB: 122_880, stepMiB: 8192 },
];
/** Smaller than the steps of its row. */
const smallest = { cpuUnits: 256, memoryMiB: 512 };

export const largestSize = { cpus: 16, memoryMiB: 122_880 };

export interface TaskSize {
  cpuUnits: number;
  memoryMiB: number;
}

/** The smallest size that holds both. Throws invalid when there is none. */
export function taskSize(cpus = 0, memoryMiB = 0): TaskSize {
  const units = Math.ceil(cpus * 1024);
  const needed = Math.ceil(memoryMiB);
  if (units <= smallest.cpuUnits && needed <= smallest.memoryMiB) return smallest;
  for (const { cpuUnits, fromMiB, toMiB, stepMiB } of rows) {
    if (cpuUnits < units || toMiB < needed) continue;
    return { cpuUnits, memoryMiB: Math.max(fromMiB, fromMiB + Math.ceil((needed - fromMiB) / stepMiB) * stepMiB) };
  }
  throw new AppError(
    'invalid',
    `resources: Fargate has no size with ${cpus} CPUs and ${needed} MiB; the largest has ${largestSize.cpus} and ${largestSize.memoryMiB} MiB`,
  );
}
