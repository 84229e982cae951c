/** `npm run bench [-- NAME … --round-seconds N --profile]`: runs benchmarks one after the other; a missed demand makes it fail. */
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { interruption } from '../scripts/interruption.ts';
import { type Benchmark, type Findings, isMet } from './benchmark.ts';
import { create } from './create.ts';
import { doorCalls } from './door-calls.ts';
import { doorStreams } from './door-streams.ts';
import { get } from './get.ts';
import { lambda } from './lambda.ts';
import { list } from './list.ts';
import { describeMachine } from './machine.ts';
import { openSite } from './site.ts';
import { up } from './up.ts';

const benchmarks: Benchmark[] = [get, list, create, doorCalls, doorStreams, up, lambda];
const resultsFolder = fileURLToPath(new URL('results/', import.meta.url));

async function bench(chosen: Benchmark[], options: { roundSeconds: number; profile: boolean; signal: AbortSignal }) {
  const startedAt = new Date();
  const machine = describeMachine();
  console.log(
    `${machine.cpus} x ${machine.cpuModel}, ${machine.memoryGiB} GiB, Node ${machine.node}, commit ${machine.commit}`,
  );
  mkdirSync(resultsFolder, { recursive: true });
  await using site = await openSite({
    roundSeconds: options.roundSeconds,
    profileFolder: options.profile ? join(resultsFolder, 'profiles') : null,
    signal: options.signal,
    log: (line) => console.log(`  ${line}`),
  });
  const results: Record<string, Findings> = {};
  for (const { name, summary, run } of chosen) {
    options.signal.throwIfAborted();
    console.log(`\n${name}: ${summary}`);
    const findings = await run(site);
    console.table(findings.table);
    for (const demand of findings.demands) {
      const bound = demand.atLeast === undefined ? `at most ${demand.atMost}` : `at least ${demand.atLeast}`;
      const verdict = isMet(demand) ? 'met' : 'MISSED';
      console.log(`  ${demand.what}: ${demand.measured.toFixed(2)} (${bound}): ${verdict}`);
    }
    results[name] = findings;
  }
  const file = join(resultsFolder, `${startedAt.toISOString().replaceAll(':', '')}.json`);
  writeFileSync(
    file,
    `${JSON.stringify({ startedAt, machine, roundSeconds: options.roundSeconds, results }, null, 2)}\n`,
  );
  return Object.values(results)
    .flatMap(({ demands }) => demands)
    .every(isMet);
}

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    'round-seconds': { type: 'string', default: '8' },
    profile: { type: 'boolean', default: false },
    help: { type: 'boolean' },
  },
});
const unknown = positionals.filter((wanted) => !benchmarks.some(({ name }) => name === wanted));
const roundSeconds = Number(values['round-seconds']);
if (values.help || unknown.length > 0 || !(roundSeconds >= 1)) {
  console.error(
    `Usage: npm run bench [-- ${benchmarks.map(({ name }) => name).join('|')} … --round-seconds N --profile]`,
  );
  process.exit(values.help ? 0 : 2);
}
const chosen = benchmarks.filter(({ name }) => positionals.length === 0 || positionals.includes(name));
const met = await bench(chosen, { roundSeconds, profile: values.profile, signal: interruption() });
process.exit(met ? 0 : 1);
