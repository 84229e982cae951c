/** GET of one container through /v1, with everything a request passes, against a bare handler that runs one select. */
import { makeKey, makeTenants } from './api.ts';
import type { Benchmark } from './benchmark.ts';
import { fillContainers } from './fill.ts';
import { requestsPerSecond } from './load.ts';
import { type Server, startLongshore, startServer } from './server.ts';
import { administer } from './site.ts';
import { median } from './statistics.ts';

const CONNECTIONS = 32;
const ROUNDS = 9;

export const get: Benchmark = {
  name: 'get',
  summary: 'authenticated GET of one container, against a bare Hono handler with one prepared select',
  async run(site) {
    await using cleanup = new AsyncDisposableStack();
    const databaseUrl = await site.database('bench_get');
    const longshore = cleanup.use(await startLongshore(site, databaseUrl));
    await makeTenants(longshore, 1);
    await fillContainers(databaseUrl, 1000);
    const bare = cleanup.use(await startServer(site, 'bench/bare-handler.ts', { DATABASE_URL: databaseUrl }));
    const key = await makeKey(longshore, 'tenant-0');
    const [row] = await administer(databaseUrl, (sql) => sql`select tenant_id, id from containers order by id limit 1`);

    const sides = [
      side('bare handler', bare, `/containers/${row?.tenant_id}/${row?.id}`, {}),
      side('longshore', longshore, `/v1/containers/${row?.id}`, { authorization: `Bearer ${key}` }),
    ];
    for (let round = 0; round <= ROUNDS; round++) {
      for (const { server, samples, ...target } of sides) {
        const before = { server: server.cpuSeconds(), postgres: site.postgresCpuSeconds() };
        const rate = await requestsPerSecond({
          ...target,
          connections: CONNECTIONS,
          seconds: site.roundSeconds,
          signal: site.signal,
        });
        if (round === 0) continue; // warms up both
        samples.rates.push(rate);
        const perRequest = 1e6 / (rate * site.roundSeconds);
        samples.cpuMicros.push((server.cpuSeconds() - before.server) * perRequest);
        samples.postgresMicros.push((site.postgresCpuSeconds() - before.postgres) * perRequest);
      }
    }
    // Of neighbouring rounds, so that what else the machine does in the meantime slows both.
    const [reference = [], rates = []] = sides.map(({ samples }) => samples.rates);
    const ratios = rates.map((rate, round) => rate / (reference[round] ?? Number.NaN));
    return {
      table: sides.map(({ name, server, samples }) => ({
        side: name,
        'requests/s': Math.round(median(samples.rates)),
        'CPU us/request': Math.round(median(samples.cpuMicros)),
        'of Postgres': Math.round(median(samples.postgresMicros)),
        'RSS MiB': Math.round(server.rssMiB()),
      })),
      demands: [
        { what: 'requests per second, of the bare handler (median of rounds)', measured: median(ratios), atLeast: 0.5 },
      ],
      samples: Object.fromEntries(sides.map(({ name, samples }) => [name, samples])),
    };
  },
};

const side = (name: string, server: Server, path: string, headers: Record<string, string>) => ({
  name,
  server,
  url: server.url + path,
  headers,
  samples: { rates: [] as number[], cpuMicros: [] as number[], postgresMicros: [] as number[] },
});
