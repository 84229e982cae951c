/** Single calls of the Docker door against the same calls of the Engine behind it, one after the other in turn. */
import type { Benchmark, Demand } from './benchmark.ts';
import { benchLabel, type EnginePair, openEnginePair, type Side } from './engine-pair.ts';
import { requestsPerSecond } from './load.ts';
import type { Site } from './site.ts';
import { median } from './statistics.ts';

const CONTAINERS = 500;
const ROUNDS = 20;

export const doorCalls: Benchmark = {
  name: 'door-calls',
  summary: 'list, inspect, create, whole lives and ping through the Docker door, against the Engine behind it',
  async run(site) {
    await using pair = await openEnginePair(site, 'bench_door_calls');
    const table: Record<string, string | number>[] = [];
    const demands: Demand[] = [];
    const samples: Record<string, unknown> = {};
    const compare = async (what: string, call: (side: Side) => Promise<unknown>, judge: Judge | null) => {
      const times = await inTurn(site, pair, call);
      const engine = median(times.engine);
      const door = median(times.door);
      table.push({ call: what, 'Engine ms': round(engine), 'door ms': round(door), ratio: round(door / engine) });
      if (judge) demands.push(judge(what, engine, door));
      samples[what] = times;
    };

    const none = { all: true, filters: { label: ['no-such-label'] } };
    await compare('list of 0', ({ docker }) => docker.listContainers(none), moreMs(4));
    const create = ({ docker }: Side) =>
      docker.createContainer({ Image: pair.image, Cmd: ['true'], Labels: { [benchLabel]: '' } });
    await compare('create', create, ratioOrMs(1.5, 10));
    await using network = await openNetwork(pair);
    const isolated = ({ name, docker }: Side) =>
      docker.createContainer({
        ...{ Image: pair.image, Cmd: ['true'], Labels: { [benchLabel]: '' } },
        ...(name === 'engine' && { HostConfig: { NetworkMode: network.id } }),
      });
    await compare('create, start, wait, remove', (side) => live(side, isolated), ratio(1.1));
    await compare("the same on the Engine's default bridge", (side) => live(side, create), null);
    const { id } = await create(pair.engine);
    const own = await create(pair.door);
    const inspected = { engine: id, door: own.id };
    await compare('inspect', ({ name, docker }) => docker.getContainer(inspected[name]).inspect(), moreMs(4));

    await fill(pair, create);
    const all = { all: true, filters: { label: [benchLabel] } };
    await compare(`list of ${CONTAINERS}`, ({ docker }) => docker.listContainers(all), ratio(0.5));
    await comparePings(site, pair, table, demands);
    table.push({ call: 'RSS MiB', 'door ms': Math.round(pair.longshore.rssMiB()) });
    return { table, demands, samples };
  },
};

type Judge = (what: string, engineMs: number, doorMs: number) => Demand;
const ratio =
  (atMost: number): Judge =>
  (what, engine, door) => ({ what: `${what}, of the Engine's time`, measured: door / engine, atMost });
const moreMs =
  (atMost: number): Judge =>
  (what, engine, door) => ({ what: `${what}, ms more than the Engine`, measured: door - engine, atMost });
const ratioOrMs =
  (most: number, ms: number): Judge =>
  (what, engine, door) =>
    door - engine <= ms ? moreMs(ms)(what, engine, door) : ratio(most)(what, engine, door);

/** The first round warms up. */
async function inTurn(site: Site, { engine, door }: EnginePair, call: (side: Side) => Promise<unknown>) {
  const times = { engine: [] as number[], door: [] as number[] };
  for (let turn = 0; turn <= ROUNDS; turn++) {
    site.signal.throwIfAborted();
    for (const side of [engine, door]) {
      const began = performance.now();
      await call(side);
      if (turn > 0) times[side.name].push(performance.now() - began);
    }
  }
  return times;
}

async function live(side: Side, create: (side: Side) => Promise<{ id: string }>): Promise<void> {
  const container = side.docker.getContainer((await create(side)).id);
  await container.start();
  await container.wait();
  await container.remove();
}

/**
 * A network as a tenant has one: its containers know each other by name, for which the Engine calls iptables a dozen times at
 * each start. On its default bridge they do not, and those of strangers reach each other.
 */
async function openNetwork({ engine }: EnginePair) {
  const name = `${benchLabel}-${process.pid}`;
  const network = await engine.docker.createNetwork({ Name: name });
  return { id: network.id, [Symbol.asyncDispose]: () => network.remove() };
}

/** Both sides list as many; the Engine's are its own, so that it lists no more than asked either. */
async function fill({ engine, door }: EnginePair, create: (side: Side) => Promise<unknown>): Promise<void> {
  for (const side of [engine, door]) {
    const there = await side.docker.listContainers({ all: true, filters: { label: [benchLabel] } });
    for (let made = there.length; made < CONTAINERS; made++) await create(side);
  }
}

async function comparePings(
  site: Site,
  { socketPath, longshore }: EnginePair,
  table: Record<string, string | number>[],
  demands: Demand[],
): Promise<void> {
  const load = { connections: 16, seconds: site.roundSeconds, signal: site.signal };
  const rates = { engine: [] as number[], door: [] as number[] };
  for (let turn = 0; turn < 3; turn++) {
    rates.engine.push(await requestsPerSecond({ ...load, url: 'http://localhost/_ping', socketPath }));
    rates.door.push(await requestsPerSecond({ ...load, url: `${longshore.url}/_ping` }));
  }
  const [engine, door] = [median(rates.engine), median(rates.door)];
  table.push({
    call: 'ping, requests/s',
    'Engine ms': round(engine),
    'door ms': round(door),
    ratio: round(door / engine),
  });
  demands.push({ what: 'pings per second, of the Engine', measured: door / engine, atLeast: 0.5 });
}

const round = (value: number) => Math.round(value * 100) / 100;
