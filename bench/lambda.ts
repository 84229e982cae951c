/** What the api function costs beyond the API itself: its start, its code, its memory, and a request on its way through. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { bundleFunctions } from '../scripts/bundle.ts';
import { startFunction } from '../test/lambda/function-process.ts';
import { makeKey, makeTenants } from './api.ts';
import type { Benchmark } from './benchmark.ts';
import { fillContainers } from './fill.ts';
import { bundleBare, coldStartMs, firstAnswerMs, importMs, requestMs, type Side } from './functions.ts';
import { startLongshore } from './server.ts';
import { administer } from './site.ts';
import { median } from './statistics.ts';
import { openCaller } from './timed.ts';
import { rssMiB } from './usage.ts';

const STARTS = 15;
const REQUESTS = 300;
const BEFORE_RSS = 100;

export const lambda: Benchmark = {
  name: 'lambda',
  summary:
    "the api function in AWS's runtime interface client, against a bare Hono function, and against the API on Node",
  async run(site) {
    await using cleanup = new AsyncDisposableStack();
    const folder = mkdtempSync(join(tmpdir(), 'longshore-bench-lambda-'));
    cleanup.defer(() => rmSync(folder, { recursive: true, force: true }));
    const bundles = await bundleFunctions(join(folder, 'functions'));
    const own = bundles.find(({ name }) => name === 'api');
    if (!own) throw new Error('There is no api function');
    await bundleBare(join(folder, 'bare'));

    const databaseUrl = await site.database('bench_lambda');
    const onNode = cleanup.use(await startLongshore(site, databaseUrl));
    await makeTenants(onNode, 1);
    await fillContainers(databaseUrl, 1000);
    const key = await makeKey(onNode, 'tenant-0');
    const [row] = await administer(databaseUrl, (sql) => sql`select id from containers order by id limit 1`);
    const target = `/v1/containers/${row?.id}`;

    const env = { LONGSHORE_PROVIDER: 'memory', LONGSHORE_LOG_LEVEL: 'warn', DATABASE_URL: databaseUrl };
    const bare: Side = { name: 'bare Hono', folder: join(folder, 'bare'), env: {} };
    const longshore: Side = { name: 'longshore', folder: own.folder, env };
    const cached = { name: 'longshore, compile cache', folder: own.folder };
    const withCache: Side = { ...cached, env: { ...env, NODE_COMPILE_CACHE: join(folder, 'cache') } };
    const sides = [bare, longshore, withCache].map((side) => ({
      side,
      samples: {
        importMs: [] as number[],
        coldStartMs: [] as number[],
        firstMs: [] as number[],
        warmMs: [] as number[],
      },
      rss: Number.NaN,
    }));
    for (let round = 0; round <= STARTS; round++) {
      for (const { side, samples } of sides) {
        site.signal.throwIfAborted();
        const took = {
          importMs: importMs(side),
          coldStartMs: await coldStartMs(side),
          firstMs: await firstAnswerMs(side, target, key),
        };
        if (round === 0) continue; // fills caches
        samples.importMs.push(took.importMs);
        samples.coldStartMs.push(took.coldStartMs);
        samples.firstMs.push(took.firstMs);
      }
    }

    const nodeMs: number[] = [];
    using caller = openCaller(onNode.url, key, 1);
    for (const measured of sides) {
      await using started = await startFunction(measured.side.folder, measured.side.env);
      for (let count = 0; count < BEFORE_RSS; count++) await requestMs(started, target, key);
      measured.rss = rssMiB(started.child.pid ?? 0);
      for (let count = 0; count < REQUESTS; count++) {
        site.signal.throwIfAborted();
        measured.samples.warmMs.push(await requestMs(started, target, key));
        if (measured.side === longshore) nodeMs.push((await caller.call('GET', target)).ms);
      }
    }

    const plain = sides.find(({ side }) => side === longshore);
    const demandOf = (what: string, samples: readonly number[] = [], atMost = 0) => ({
      what,
      measured: median(samples),
      atMost,
    });
    return {
      table: [
        ...sides.map(({ side, samples, rss }) => ({
          side: side.name,
          'import ms': round(median(samples.importMs)),
          'spawn to /next ms': round(median(samples.coldStartMs)),
          'to first answer ms': round(median(samples.firstMs)),
          [`RSS MiB after ${BEFORE_RSS}`]: round(rss),
          'warm GET ms': round(median(samples.warmMs)),
        })),
        { side: 'the same GET on Node', 'warm GET ms': round(median(nodeMs)) },
        ...bundles.map(({ name, startBytes, totalBytes }) => ({
          side: `bundle ${name}`,
          'MB at start': round(startBytes / 1e6),
          'MB in all': round(totalBytes / 1e6),
        })),
      ],
      demands: [
        demandOf('spawn to the first /next, ms (median)', plain?.samples.coldStartMs, 200),
        demandOf('import, ms (median)', plain?.samples.importMs, 100),
        { what: 'loaded at start, MB minified', measured: own.startBytes / 1e6, atMost: 1.2 },
        { what: `RSS after ${BEFORE_RSS} requests, MiB`, measured: plain?.rss ?? Number.NaN, atMost: 150 },
        {
          what: 'a warm GET of one container, ms over the same on Node (medians)',
          measured: median(plain?.samples.warmMs ?? []) - median(nodeMs),
          atMost: 3,
        },
      ],
      samples: { ...Object.fromEntries(sides.map(({ side, samples }) => [side.name, samples])), nodeMs },
    };
  },
};

const round = (value: number): number => Math.round(value * 100) / 100;
