/** `npm run check`: everything that needs no service, two at a time. Shows the output of what fails, and nothing else. */
import { spawn } from 'node:child_process';
import { formatSeconds } from './steps.ts';

const checks = [
  { name: 'types', command: 'tsc --noEmit' },
  { name: 'lint', command: 'biome check --error-on-warnings' },
  { name: 'imports', command: 'depcruise --config .dependency-cruiser.cjs src scripts test infra bench' },
  { name: 'dead code', command: 'knip --no-progress' },
  { name: 'openapi', command: 'node scripts/openapi.ts --check' },
  { name: 'docker', command: 'node scripts/docker-compat.ts --check' },
  { name: 'migrations', command: 'node scripts/migrations.ts --check' },
];
const atOnce = 2;

const waiting = checks.values();
let failed = 0;
await Promise.all(Array.from({ length: atOnce }, work));
console.log(`${checks.length - failed} passed, ${failed} failed`);
process.exitCode = failed === 0 ? 0 : 1;

async function work(): Promise<void> {
  for (const { name, command } of waiting) {
    const started = performance.now();
    const { succeeded, output } = await run(command);
    const time = formatSeconds(performance.now() - started).padStart(7);
    console.log(`  ${name.padEnd(12)}${time}  ${succeeded ? 'ok' : `failed (${command})`}`);
    if (succeeded) continue;
    failed += 1;
    console.log(output.trimEnd());
  }
}

function run(command: string): Promise<{ succeeded: boolean; output: string }> {
  const [program = '', ...args] = command.split(' ');
  const child = spawn(program, args, { stdio: ['ignore', 'pipe', 'pipe'] });
  let output = '';
  const collect = (chunk: Buffer) => {
    output += chunk;
  };
  child.stdout.on('data', collect);
  child.stderr.on('data', collect);
  return new Promise((resolve) => {
    child.once('error', (error) => resolve({ succeeded: false, output: error.message }));
    child.once('close', (code) => resolve({ succeeded: code === 0, output }));
  });
}
