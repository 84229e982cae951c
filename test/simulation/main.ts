/**
 * npm run simulate: exits 0 when every invariant held, and with --mutant when the broken design was noticed; 1 otherwise.
 * A breach prints its trace; `--seed S --schedule K` runs that one again.
 */
import { parseArgs } from 'node:util';
import { type Breach, invariant, openDatabase, runCampaign } from './campaign.ts';
import { mutants } from './mutants.ts';
import { providerKinds } from './provider-kinds.ts';

const { values } = parseArgs({
  options: {
    schedules: { type: 'string', default: '300' },
    seed: { type: 'string', default: '1' },
    schedule: { type: 'string' },
    mutant: { type: 'string' },
    provider: { type: 'string' },
    help: { type: 'boolean' },
  },
});
if (values.help) {
  const names = mutants.map(({ name }) => name).join('|');
  console.log(
    `Usage: npm run simulate [-- --schedules N --seed N --schedule N --provider ${providerKinds.join('|')} --mutant ${names}]`,
  );
  process.exit();
}
const seed = numberOf('seed', values.seed);
const from = values.schedule === undefined ? 0 : numberOf('schedule', values.schedule);
const to = values.schedule === undefined ? numberOf('schedules', values.schedules) : from + 1;
const mutant = values.mutant === undefined ? null : oneOf('mutant', values.mutant, mutants, ({ name }) => name);
const kind = values.provider === undefined ? null : oneOf('provider', values.provider, providerKinds, (name) => name);

const began = performance.now();
const db = await openDatabase();
const breach = await runCampaign(db, {
  seed,
  from,
  to,
  mutant,
  kind,
  onProgress: (done) => done % 100 === 0 && console.log(`${done} schedules, ${seconds()} s`),
});
await db.close();
const broken = breach?.violations.find((violation) => invariant.test(violation));
if (breach && broken && mutant && values.schedule === undefined) {
  console.log(`caught after ${breach.schedule + 1} schedules (seed ${seed}): ${broken}`);
} else if (breach) {
  report(breach);
  process.exitCode = 1;
} else {
  const outcome = mutant ? `${mutant.name} was not caught` : '0 violations';
  console.log(`${to - from} schedules, seed ${seed}: ${outcome}, ${seconds()} s`);
  process.exitCode = mutant ? 1 : 0;
}

function report({ schedule, kind: kindOfBreach, violations, trace }: Breach): void {
  const start = trace[0]?.at ?? 0;
  for (const { at, who, what } of trace) {
    console.log(`${((at - start) / 1000).toFixed(3).padStart(9)}  ${who.padEnd(9)} ${what}`);
  }
  console.log(`\nschedule ${schedule} (${kindOfBreach}, seed ${seed}) violates:`);
  for (const violation of violations) console.log(`  ${violation}`);
  const more = [mutant && ` --mutant ${mutant.name}`, kind && ` --provider ${kind}`].filter(Boolean).join('');
  console.log(`replay: npm run simulate -- --seed ${seed} --schedule ${schedule}${more}`);
}

function seconds(): string {
  return ((performance.now() - began) / 1000).toFixed(1);
}

function numberOf(option: string, text: string): number {
  if (/^\d+$/.test(text)) return Number(text);
  console.error(`--${option} must be a whole number, not ${text}`);
  process.exit(2);
}

function oneOf<T>(option: string, text: string, all: readonly T[], nameOf: (item: T) => string): T {
  const found = all.find((item) => nameOf(item) === text);
  if (found !== undefined) return found;
  console.error(`--${option} must be one of ${all.map(nameOf).join(', ')}`);
  process.exit(2);
}
