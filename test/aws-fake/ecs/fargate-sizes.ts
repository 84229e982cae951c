/**
 * The task sizes of Fargate for Linux.
 * https://docs.aws.amazon.com/AmazonECS/latest/developerguide/task-cpu-memory-error.html
 */
const sizes = new Map<number, number[]>([
  [256, [512, 1024, 2048]],
  [512, steps(1024, 4096, 1024)],
  [1024, steps(2048, 8192, 1024)],
  [2048, steps(4096, 16_384, 1024)],
  [4096, steps(8192, 30_720, 1024)],
  [8192, steps(16_384, 61_440, 4096)],
  [16_384, steps(32_768, 122_880, 8192)],
]);

function steps(from: number, to: number, by: number): number[] {
  return Array.from({ length: (to - from) / by + 1 }, (_, index) => from + index * by);
}

export interface TaskSize {
  cpuUnits: number;
  memoryMiB: number;
}

/** The size that both strings name (`256`, `.25 vCPU`, `512`, `0.5 GB`); undefined when Fargate has none of that kind. */
export function taskSize(cpu: string, memory: string): TaskSize | undefined {
  const cpuUnits = inUnits(cpu, /^([\d.]+)\s*vcpu$/i, 1024);
  const memoryMiB = inUnits(memory, /^([\d.]+)\s*gb$/i, 1024);
  return sizes.get(cpuUnits)?.includes(memoryMiB) ? { cpuUnits, memoryMiB } : undefined;
}

function inUnits(text: string, large: RegExp, factor: number): number {
  const match = large.exec(text.trim());
  return match ? Number(match[1]) * factor : Number(text);
}
