import { expect, test } from 'vitest';
import { taskSize } from '../../../../src/providers/aws/runs/sizes.ts';

test.for([
  [0, 0, 256, 512],
  [0.25, 512, 256, 512],
  [0.25, 513, 256, 1024],
  [0.25, 2049, 512, 3072],
  [0.3, 64, 512, 1024],
  [1, 512, 1024, 2048],
  [1, 8193, 2048, 9216],
  [2, 4097, 2048, 5120],
  [4, 30_721, 8192, 32_768],
  [8, 16_385, 8192, 20_480],
  [16, 32_768, 16_384, 32_768],
  [16, 122_880, 16_384, 122_880],
] as const)('%d CPUs and %d MiB become %d units and %d MiB', ([cpus, memory, cpuUnits, memoryMiB]) => {
  expect(taskSize(cpus, memory)).toEqual({ cpuUnits, memoryMiB });
});

test.for([
  [17, 512],
  [1, 122_881],
] as const)('%d CPUs and %d MiB are more than there is', ([cpus, memory]) => {
  expect(() => taskSize(cpus, memory)).toThrow('Fargate has no size');
});
