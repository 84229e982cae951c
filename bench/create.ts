/** Creating containers, and whole lives of containers, on the memory provider: what the control plane itself costs. */
import { call, makeKey, makeTenants } from './api.ts';
import type { Benchmark } from './benchmark.ts';
import { startLongshore } from './server.ts';
import { median, percentile } from './statistics.ts';
import { type Caller, inLanes, openCaller } from './timed.ts';

const LANES = 32;
const TENANTS = 8;
const ROUNDS = 3;

export const create: Benchmark = {
  name: 'create',
  summary: 'creates accepted, and operations accepted and converged, on the memory provider',
  async run(site) {
    await using cleanup = new AsyncDisposableStack();
    const server = cleanup.use(await startLongshore(site, await site.database('bench_create')));
    const callers: Caller[] = [];
    for (const tenant of await makeTenants(server, TENANTS)) {
      const key = await makeKey(server, tenant);
      await call(server.url, key, 'POST', '/v1/images/pull', { reference: 'busybox' });
      callers.push(cleanup.use(openCaller(server.url, key, LANES / TENANTS)));
    }
    const atLane = (lane: number) => {
      const caller = callers[lane % TENANTS];
      if (!caller) throw new Error('a lane without a tenant');
      return caller;
    };
    const spec = { image: 'busybox', command: ['sleep', '100000'], env: { A: '1' }, labels: { team: 'bench' } };
    const window = { seconds: site.roundSeconds, signal: site.signal };

    const rounds: {
      creates: number;
      p50: number;
      p99: number;
      operations: number;
      serverMs: number;
      postgresMs: number;
    }[] = [];
    for (let round = 0; round <= ROUNDS; round++) {
      const times: number[] = [];
      const creating = await inLanes(LANES, window, async (lane) => {
        times.push((await atLane(lane).call('POST', '/v1/containers', spec)).ms);
      });
      let operations = 0;
      const before = { server: server.cpuSeconds(), postgres: site.postgresCpuSeconds() };
      const living = await inLanes(LANES, window, async (lane) => {
        const { answer } = await atLane(lane).call('POST', '/v1/containers', { ...spec, start: true });
        const path = `/v1/containers/${(answer as { id: string }).id}`;
        await atLane(lane).call('POST', `${path}/stop`, { graceSeconds: 0 });
        await atLane(lane).call('POST', `${path}/start`, {});
        await atLane(lane).call('DELETE', `${path}?force=true`);
        operations += 4;
      });
      if (round === 0) continue; // warms up
      rounds.push({
        creates: times.length / creating,
        p50: percentile(times, 50),
        p99: percentile(times, 99),
        operations: operations / living,
        serverMs: ((server.cpuSeconds() - before.server) * 1000) / operations,
        postgresMs: ((site.postgresCpuSeconds() - before.postgres) * 1000) / operations,
      });
    }
    const of = (pick: (round: (typeof rounds)[number]) => number) => Math.round(median(rounds.map(pick)) * 100) / 100;
    return {
      table: [
        { what: 'creates/s', value: of(({ creates }) => creates) },
        { what: 'create p50 ms', value: of(({ p50 }) => p50) },
        { what: 'create p99 ms', value: of(({ p99 }) => p99) },
        { what: 'operations accepted and converged/s (aim: 1,500)', value: of(({ operations }) => operations) },
        { what: 'CPU ms of the server per operation', value: of(({ serverMs }) => serverMs) },
        { what: 'CPU ms of Postgres per operation', value: of(({ postgresMs }) => postgresMs) },
        { what: 'RSS MiB', value: Math.round(server.rssMiB()) },
      ],
      demands: [],
      samples: { rounds },
    };
  },
};
