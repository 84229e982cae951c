/** What a container uses and which processes it has. Clients compute their percentages from pairs of samples. */
import { can, type ShownContainer, statusOf } from '../../domain/container.ts';
import { getContainer } from '../../services/containers.ts';
import { listProcesses, measuring, readStats, type StatsSample } from '../../services/stats.ts';
import { type Handler, ok, streaming } from './request.ts';

const NEVER = '0001-01-01T00:00:00Z';

export const containerStats: Handler = async (door, request) => {
  const { deps } = door;
  const { ctx, params, query } = request;
  const container = await getContainer(deps, ctx, params.id ?? '');
  const follows = query.flag('stream', true);
  // Behind the head of an answer nothing can be refused any more.
  measuring(deps);
  // As the Engine: of what does not run there is one sample of nothing.
  if (can('stats', statusOf(container)) !== 'yes') return ok(view(container, null, null));
  const wanted = follows ? Number.POSITIVE_INFINITY : query.flag('one-shot') ? 1 : 2;
  return {
    status: 200,
    headers: { 'content-type': 'application/json' },
    stream: streaming(
      door,
      request,
      async function* (signal) {
        let before: StatsSample | null = null;
        let seen = 0;
        for await (const sample of await readStats(deps, ctx, container.id, signal)) {
          seen += 1;
          // One answer without a stream says what happened since the sample before it.
          if (follows || seen === wanted) yield line(view(container, sample, before));
          before = sample;
          if (seen === wanted) return;
        }
        if (!follows) yield line(view(container, before, null));
      },
      follows,
    ),
  };
};

export const containerTop: Handler = async ({ deps }, { ctx, params, query }) => {
  const { titles, processes } = await listProcesses(deps, ctx, params.id ?? '', query.text('ps_args') ?? '');
  return ok({ Titles: titles, Processes: processes });
};

const line = (value: unknown): Uint8Array => Buffer.from(`${JSON.stringify(value)}\n`);

function view({ id, name }: ShownContainer, sample: StatsSample | null, before: StatsSample | null) {
  return {
    read: sample?.at.toISOString() ?? NEVER,
    preread: before?.at.toISOString() ?? NEVER,
    pids_stats: sample ? { current: sample.pids, ...(sample.pidsLimit && { limit: sample.pidsLimit }) } : {},
    blkio_stats: blockView(sample),
    num_procs: 0,
    storage_stats: {},
    cpu_stats: cpuView(sample),
    precpu_stats: cpuView(before),
    memory_stats: sample ? memoryView(sample) : {},
    name: `/${name}`,
    id,
    ...(sample && Object.keys(sample.interfaces).length > 0 && { networks: networksView(sample) }),
  };
}

function cpuView(sample: StatsSample | null) {
  return {
    cpu_usage: {
      total_usage: sample?.cpuNanoseconds ?? 0,
      usage_in_kernelmode: sample?.cpuKernelNanoseconds ?? 0,
      usage_in_usermode: sample?.cpuUserNanoseconds ?? 0,
    },
    ...(sample && { system_cpu_usage: sample.systemCpuNanoseconds, online_cpus: sample.onlineCpus }),
    throttling_data: { periods: 0, throttled_periods: 0, throttled_time: 0 },
  };
}

/** Clients take the cache away again, by the name that it has in either version of cgroups. */
function memoryView({ memoryBytes, memoryCacheBytes, memoryLimitBytes }: StatsSample) {
  return {
    usage: memoryBytes + memoryCacheBytes,
    limit: memoryLimitBytes,
    stats: { inactive_file: memoryCacheBytes, total_inactive_file: memoryCacheBytes },
  };
}

function blockView(sample: StatsSample | null) {
  const of = (op: string, value: number) => ({ major: 0, minor: 0, op, value });
  return {
    io_service_bytes_recursive: sample
      ? [of('read', sample.blockReadBytes), of('write', sample.blockWriteBytes)]
      : null,
    io_serviced_recursive: null,
    io_queue_recursive: null,
    io_service_time_recursive: null,
    io_wait_time_recursive: null,
    io_merged_recursive: null,
    io_time_recursive: null,
    sectors_recursive: null,
  };
}

function networksView({ interfaces }: StatsSample) {
  return Object.fromEntries(
    Object.entries(interfaces).map(([name, counts]) => [
      name,
      {
        ...{ rx_bytes: counts.rxBytes, rx_packets: counts.rxPackets },
        ...{ rx_errors: counts.rxErrors, rx_dropped: counts.rxDropped },
        ...{ tx_bytes: counts.txBytes, tx_packets: counts.txPackets },
        ...{ tx_errors: counts.txErrors, tx_dropped: counts.txDropped },
      },
    ]),
  );
}
