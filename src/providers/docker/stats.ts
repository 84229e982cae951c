/** What a run uses: the Engine's samples, counted as the docker CLI counts them, and its process list. */
import { z } from 'zod';
import type { CallOptions, RunRef, StatsSample } from '../provider.ts';
import { type Site, safeName } from './client.ts';
import { toAppError } from './errors.ts';
import { checkedPsArguments } from './ps-arguments.ts';
import { jsonLines } from './streams.ts';

const count = z.number().default(0);
const cpu = z.object({
  cpu_usage: z.object({
    total_usage: count,
    usage_in_usermode: count,
    usage_in_kernelmode: count,
    percpu_usage: z.array(z.number()).nullish(),
  }),
  system_cpu_usage: count,
  online_cpus: z.number().optional(),
});
const sample = z.object({
  read: z.string(),
  cpu_stats: cpu,
  precpu_stats: cpu,
  memory_stats: z.object({ usage: count, limit: count, stats: z.record(z.string(), z.number()).default({}) }),
  networks: z
    .record(
      z.string(),
      z.object({
        ...{ rx_bytes: count, rx_packets: count, rx_errors: count, rx_dropped: count },
        ...{ tx_bytes: count, tx_packets: count, tx_errors: count, tx_dropped: count },
      }),
    )
    .default({}),
  blkio_stats: z.object({
    io_service_bytes_recursive: z.array(z.object({ op: z.string(), value: z.number() })).nullish(),
  }),
  pids_stats: z.object({ current: count, limit: count }),
});
type Sample = z.infer<typeof sample>;

const processes = z.object({ Titles: z.array(z.string()), Processes: z.array(z.array(z.string())).nullable() });

const subject = { noun: 'container' } as const;

/** The Engine goes on with empty samples after the run's end: the first of those ends the stream. */
export async function* statsOf(site: Site, run: RunRef, options: CallOptions): AsyncGenerator<StatsSample, void, void> {
  const { signal } = options;
  const path = `/containers/${safeName(run.key)}/stats`;
  const body = await site.engine.stream({ method: 'GET', path, query: { stream: true }, subject }, options);
  try {
    for await (const line of jsonLines(body)) {
      const found = sample.parse(line);
      if (found.read.startsWith('0001-')) return;
      yield toSample(found);
    }
  } catch (error) {
    if (!signal.aborted) throw toAppError(error, subject, signal);
  } finally {
    body.destroy();
  }
}

function toSample(found: Sample): StatsSample {
  const interfaces = Object.values(found.networks);
  return {
    at: new Date(found.read),
    cpuPercent: cpuPercent(found),
    cpuNanoseconds: found.cpu_stats.cpu_usage.total_usage,
    cpuUserNanoseconds: found.cpu_stats.cpu_usage.usage_in_usermode,
    cpuKernelNanoseconds: found.cpu_stats.cpu_usage.usage_in_kernelmode,
    systemCpuNanoseconds: found.cpu_stats.system_cpu_usage,
    onlineCpus: cpusOf(found.cpu_stats),
    memoryBytes: found.memory_stats.usage - cacheBytes(found.memory_stats),
    memoryCacheBytes: cacheBytes(found.memory_stats),
    memoryLimitBytes: found.memory_stats.limit,
    networkRxBytes: sum(interfaces.map(({ rx_bytes }) => rx_bytes)),
    networkTxBytes: sum(interfaces.map(({ tx_bytes }) => tx_bytes)),
    blockReadBytes: blockBytes(found, 'read'),
    blockWriteBytes: blockBytes(found, 'write'),
    pids: found.pids_stats.current,
    // The kernel's largest number stands for none.
    pidsLimit: found.pids_stats.limit > 0 && found.pids_stats.limit < 2 ** 53 ? found.pids_stats.limit : null,
    interfaces: Object.fromEntries(
      Object.entries(found.networks).map(([name, counts]) => [
        name,
        {
          ...{ rxBytes: counts.rx_bytes, rxPackets: counts.rx_packets },
          ...{ rxErrors: counts.rx_errors, rxDropped: counts.rx_dropped },
          ...{ txBytes: counts.tx_bytes, txPackets: counts.tx_packets },
          ...{ txErrors: counts.tx_errors, txDropped: counts.tx_dropped },
        },
      ]),
    ),
  };
}

/** 100 = one whole CPU. https://github.com/docker/cli/blob/v28.2.2/cli/command/container/stats_helpers.go */
function cpuPercent({ cpu_stats: now, precpu_stats: before }: Sample): number {
  const used = now.cpu_usage.total_usage - before.cpu_usage.total_usage;
  const passed = now.system_cpu_usage - before.system_cpu_usage;
  return used > 0 && passed > 0 ? (used / passed) * cpusOf(now) * 100 : 0;
}

const cpusOf = ({ online_cpus, cpu_usage }: Sample['cpu_stats']): number =>
  online_cpus || cpu_usage.percpu_usage?.length || 1;

/** The page cache that could be dropped at once; its name depends on the version of cgroups. */
function cacheBytes({ usage, stats }: Sample['memory_stats']): number {
  const cache = stats.total_inactive_file ?? stats.inactive_file ?? 0;
  return cache < usage ? cache : 0;
}

function blockBytes({ blkio_stats: blocks }: Sample, operation: 'read' | 'write'): number {
  const entries = blocks.io_service_bytes_recursive ?? [];
  return sum(entries.filter(({ op }) => op.toLowerCase() === operation).map(({ value }) => value));
}

function sum(numbers: number[]): number {
  return numbers.reduce((total, number) => total + number, 0);
}

/** Throws invalid for arguments that could show processes of others. */
export async function topOf(site: Site, run: RunRef, psArguments: string, options: CallOptions) {
  const checked = checkedPsArguments(psArguments);
  const path = `/containers/${safeName(run.key)}/top`;
  const query = checked === '' ? {} : { ps_args: checked };
  const answer = await site.engine.ask({ method: 'GET', path, query, subject }, processes, options);
  return { titles: answer.Titles, processes: answer.Processes ?? [] };
}
