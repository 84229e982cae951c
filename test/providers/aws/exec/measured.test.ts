/** Samples of what a container reads about itself, with either version of control groups. */
import { expect, test } from 'vitest';
import { type Report, sampleOf } from '../../../../src/providers/aws/exec/measured.ts';

const report = (second: number, text: string): Report => ({
  at: new Date(second * 1000),
  lines: text.trim().split('\n'),
});
const machine = (ticks: number) => `machine cpu  ${ticks} 0 ${ticks} 800 0 0 0 0 50 0
machine cpu0 1 0 1 1
machine cpu1 1 0 1 1
machine intr 7`;
const others = `ram MemTotal:        2048 kB
net Inter-|   Receive                                                |  Transmit
net  face |bytes    packets errs drop fifo frame compressed multicast|bytes    packets errs drop fifo colls carrier compressed
net     lo:  999 9 0 0 0 0 0 0 999 9 0 0 0 0 0 0
net   eth1:  100 2 1 3 0 0 0 0 200 4 5 6 0 0 0 0`;

test('version 2: of two CPUs a quarter of what passed is half of one', () => {
  const v2 = (usage: number) => `cpu usage_usec ${usage}
cpu user_usec 4
cpu system_usec 6
memory 5000
limit 67108864
cache anon 1
cache inactive_file 1000
pids 3
most max
io 8:0 rbytes=10 wbytes=20 rios=1
io 8:16 rbytes=1 wbytes=2 rios=1`;
  const before = report(1, `${v2(1_000_000)}\n${machine(100)}\n${others}`);
  const now = report(2, `${v2(1_500_000)}\n${machine(200)}\n${others}`);
  expect(sampleOf(now, before)).toEqual({
    ...{ at: new Date(2000), cpuPercent: 50, cpuNanoseconds: 1_500_000_000, onlineCpus: 2 },
    ...{ cpuUserNanoseconds: 4000, cpuKernelNanoseconds: 6000, systemCpuNanoseconds: 12_000_000_000 },
    ...{ memoryBytes: 4000, memoryCacheBytes: 1000, memoryLimitBytes: 67_108_864, pids: 3, pidsLimit: null },
    ...{ networkRxBytes: 100, networkTxBytes: 200, blockReadBytes: 11, blockWriteBytes: 22 },
    interfaces: {
      eth1: {
        ...{ rxBytes: 100, rxPackets: 2, rxErrors: 1, rxDropped: 3 },
        ...{ txBytes: 200, txPackets: 4, txErrors: 5, txDropped: 6 },
      },
    },
  });
});

test('version 1: the same from other files, and without a limit it is the machine’s memory', () => {
  const text = `cpu1 2000000000
split1 user 7
split1 system 8
memory 5000
limit 9223372036854771712
cache inactive_file 1
cache total_inactive_file 2000
pids 4
most 64
io1 8:0 Read 30
io1 8:0 Write 40
io1 Total 70
${machine(100)}
${others}`;
  expect(sampleOf(report(2, text), report(1, text))).toMatchObject({
    ...{
      cpuPercent: 0,
      cpuNanoseconds: 2_000_000_000,
      cpuUserNanoseconds: 70_000_000,
      cpuKernelNanoseconds: 80_000_000,
    },
    ...{ memoryBytes: 3000, memoryCacheBytes: 2000, memoryLimitBytes: 2048 * 1024, pids: 4, pidsLimit: 64 },
    ...{ blockReadBytes: 30, blockWriteBytes: 40 },
  });
});
