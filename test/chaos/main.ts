/**
 * `npm run chaos`: real processes, Postgres and Engine under faults. Each option names a family and how often it strikes;
 * without any, all run in their full counts. Exits 1 on a violation. `--seed` repeats the choices, though not the machine's.
 */
import { parseArgs } from 'node:util';
import { acquireEngine } from '../../scripts/engine.ts';
import { interruption } from '../../scripts/interruption.ts';
import { makeBusyboxImage } from '../support/base-images.ts';
import { openDocker } from '../support/engine.ts';
import { engineFaults } from './engine-faults.ts';
import { idempotency } from './idempotency-storm.ts';
import { kills } from './kills.ts';
import { postgresFaults } from './postgres-faults.ts';
import { proxyFaults } from './proxy-faults.ts';
import { quotaRounds } from './quota-race.ts';
import type { Setting, Verdict } from './trial.ts';
import { zombies } from './zombies.ts';

const families: Record<string, { run: (setting: Setting) => Promise<Verdict>; fullCount: number }> = {
  kills: { run: kills, fullCount: 100 },
  proxy: { run: proxyFaults, fullCount: 2000 },
  postgres: { run: postgresFaults, fullCount: 200 },
  engine: { run: engineFaults, fullCount: 30 },
  zombies: { run: zombies, fullCount: 100 },
  'quota-rounds': { run: quotaRounds, fullCount: 100 },
  idempotency: { run: idempotency, fullCount: 1000 },
};

const options = Object.fromEntries(
  [...Object.keys(families), 'seed'].map((name) => [name, { type: 'string' as const }]),
);
const { help, ...asked }: Record<string, string | boolean | undefined> = parseArgs({
  options: { ...options, help: { type: 'boolean' } },
}).values;
if (help) {
  const usage = Object.entries(families).map(([name, { fullCount }]) => `--${name} ${fullCount}`);
  console.log(`Usage: npm run chaos [-- ${usage.join(' ')} --seed N]`);
  process.exit();
}
const seed = Number(asked.seed ?? Math.floor(Math.random() * 2 ** 31));
const named = Object.keys(families).filter((name) => asked[name] !== undefined);

const signal = interruption();
const engine = await acquireEngine({ env: process.env, log: console.log, install: true });
try {
  await makeBusyboxImage(openDocker(engine.dockerHost));
  let violations = 0;
  for (const [name, { run, fullCount }] of Object.entries(families)) {
    if (named.length > 0 && !named.includes(name)) continue;
    const count = Number(asked[name] ?? fullCount);
    console.log(`--${name} ${count} --seed ${seed}`);
    const verdict = await run({ dockerHost: engine.dockerHost, count, seed, signal });
    for (const line of verdict.summary) console.log(`  ${line}`);
    for (const violation of verdict.violations) console.log(`  violation ${violation}`);
    violations += verdict.violations.length;
  }
  console.log(`${violations} violations`);
  process.exitCode = violations === 0 ? 0 : 1;
} catch (error) {
  if (!signal.aborted) throw error;
  console.log('Interrupted');
  process.exitCode = 130;
} finally {
  await engine.release();
}
// Customers who were interrupted may still wait for answers.
if (signal.aborted) process.exit();
