/** npm run simulate: runs schedules and says whether an invariant broke, or whether a broken design was noticed. */
import { parseArgs } from 'node:util';
import { mutants } from './mutants.ts';
import { openPglite } from './pglite-db.ts';
import { runSchedule, type Verdict } from './schedule.ts';
import { type ProviderKind, providerKinds } from './simulation.ts';
import { watchdogSql } from './watchdog.ts';

const { values } = parseArgs({
  options: {
    schedules: { type: 'string', default: '300' },
    seed: { type: 'string', default: '1' },
    schedule: { type: 'string' },
    mutant: { type: 'string' },
    provider: { type: 'string' },
    trace: { type: 'boolean', default: false },
  },
});
const seed = Number(values.seed);
const mutant = values.mutant === undefined ? null : mutants.find(({ name }) => name === values.mutant);
if (mutant === undefined) fail(`--mutant must be one of ${mutants.map(({ name }) => name).join(', ')}`);
const kinds = providerKinds.filter((kind) => values.provider === undefined || kind === values.provider);
if (kinds.length === 0) fail(`--provider must be one of ${providerKinds.join(', ')}`);
const only = values.schedule === undefined ? null : Number(values.schedule);
const first = only ?? 0;
const last = only ?? Number(values.schedules) - 1;

const db = await openPglite(watchdogSql);
const began = performance.now();
for (let schedule = first; schedule <= last; schedule++) {
  const kind = kinds[schedule % kinds.length] as ProviderKind;
  const verdict = await runSchedule({ db, seed, schedule, kind, mutant });
  if (values.trace) printTrace(verdict);
  if (verdict.violations.length > 0) {
    if (mutant && only === null) {
      console.log(`caught after ${schedule + 1} schedules (seed ${seed}): ${verdict.violations[0]}`);
      process.exit(0);
    }
    if (!values.trace) printTrace(verdict);
    console.log(`\nschedule ${schedule} (${kind}, seed ${seed}) violates:`);
    for (const violation of verdict.violations) console.log(`  ${violation}`);
    console.log(`replay: npm run simulate -- --seed ${seed} --schedule ${schedule}${mutant ? ` --mutant ${mutant.name}` : ''}`);
    process.exit(1);
  }
  if ((schedule + 1) % 500 === 0) console.log(`${schedule + 1} schedules, ${seconds()} s`);
}
console.log(`${last - first + 1} schedules, seed ${seed}: 0 violations, ${seconds()} s`);
await db.close();
process.exit(mutant ? 1 : 0);

function seconds(): string {
  return ((performance.now() - began) / 1000).toFixed(1);
}

function printTrace({ trace }: Verdict): void {
  const start = trace[0]?.at ?? 0;
  for (const { at, who, what } of trace) console.log(`${((at - start) / 1000).toFixed(3).padStart(9)}  ${who.padEnd(9)} ${what}`);
}

function fail(message: string): never {
  console.error(message);
  process.exit(2);
}
