/** A page of 100 containers among a million of a thousand tenants, against the same among a thousand of one. */
import { makeKey, makeTenants } from './api.ts';
import type { Benchmark } from './benchmark.ts';
import { fillContainers } from './fill.ts';
import { startLongshore } from './server.ts';
import type { Site } from './site.ts';
import { median, percentile } from './statistics.ts';
import { type Caller, inLanes, openCaller } from './timed.ts';

const ROUNDS = 6;
const LANES = 4;
/** Tenants that are asked in turn: more than one, so that it is not always the same pages that are hot. */
const ASKED = 20;

export const list: Benchmark = {
  name: 'list',
  summary: 'a page of 100 among 1,000,000 containers of 1,000 tenants, against the same among 1,000',
  async run(site) {
    await using cleanup = new AsyncDisposableStack();
    const sides = [
      await side(site, cleanup, { name: 'among 1,000', tenants: 1, containers: 1000 }),
      await side(site, cleanup, { name: 'among 1,000,000', tenants: 1000, containers: 1_000_000 }),
    ];
    for (let round = 0; round <= ROUNDS; round++) {
      for (const { callers, rounds } of sides) {
        const times: number[] = [];
        await inLanes(LANES, { seconds: site.roundSeconds, signal: site.signal }, async (lane, turn) => {
          const caller = callers[(lane + turn * LANES) % callers.length];
          if (caller) times.push((await caller.call('GET', '/v1/containers?limit=100')).ms);
        });
        if (round > 0) rounds.push(times); // the first warms up
      }
    }
    // Of neighbouring rounds, so that what else the machine does in the meantime slows both.
    const [few = [], many = []] = sides.map(({ rounds }) => rounds.map((times) => percentile(times, 99)));
    const ratios = many.map((p99, round) => p99 / (few[round] ?? Number.NaN));
    return {
      table: sides.map(({ name, rounds, server }) => ({
        side: name,
        'p50 ms': round2(percentile(rounds.flat(), 50)),
        'p99 ms': round2(percentile(rounds.flat(), 99)),
        requests: rounds.flat().length,
        'RSS MiB': Math.round(server.rssMiB()),
      })),
      demands: [{ what: 'p99, of the p99 among 1,000 (median of rounds)', measured: median(ratios), atMost: 1.5 }],
      samples: Object.fromEntries(
        sides.map(({ name, rounds }) => [name, rounds.map((times) => percentile(times, 99))]),
      ),
    };
  },
};

interface Population {
  name: string;
  tenants: number;
  containers: number;
}

async function side(site: Site, cleanup: AsyncDisposableStack, { name, tenants, containers }: Population) {
  const databaseUrl = await site.database(`bench_list_${containers}`);
  const server = cleanup.use(await startLongshore(site, databaseUrl));
  const names = await makeTenants(server, tenants);
  const began = performance.now();
  await fillContainers(databaseUrl, containers);
  site.log(
    `${containers} containers of ${tenants} tenants written in ${((performance.now() - began) / 1000).toFixed(0)} s`,
  );
  const callers: Caller[] = [];
  for (const tenant of names.slice(0, ASKED)) {
    callers.push(cleanup.use(openCaller(server.url, await makeKey(server, tenant), LANES)));
  }
  return { name, server, callers, rounds: [] as number[][] };
}

const round2 = (value: number) => Math.round(value * 100) / 100;
