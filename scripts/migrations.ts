/**
 * `npm run migrations -- NAME`: writes the migration that the schema asks for. With `--check` tries that on a copy and fails
 * when there is one. Needs no database.
 */
import { spawnSync } from 'node:child_process';
import { cpSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

const folder = 'src/db/migrations';
const [argument] = process.argv.slice(2);
try {
  if (argument === '--check') check();
  else if (argument === undefined) throw new Error('Name the migration: npm run migrations -- add-something');
  else generate(argument);
} catch (error) {
  console.error((error as Error).message);
  process.exitCode = 1;
}

function check(): void {
  const scratch = mkdtempSync('node_modules/.longshore-migrations-');
  try {
    const copy = join(scratch, 'migrations');
    const config = join(scratch, 'drizzle.config.ts');
    cpSync(folder, copy, { recursive: true });
    writeFileSync(
      config,
      `import config from '../../drizzle.config.ts'; export default { ...config, out: '${copy}' };`,
    );
    generate('check', config);
    if (readdirSync(copy).length === readdirSync(folder).length) return;
    throw new Error('The schema has changed: run npm run migrations -- NAME, and commit what it writes');
  } finally {
    rmSync(scratch, { recursive: true });
  }
}

function generate(name: string, config = 'drizzle.config.ts'): void {
  const done = spawnSync('drizzle-kit', ['generate', `--name=${name}`, `--config=${config}`], { encoding: 'utf8' });
  if (done.status !== 0) throw new Error(`${done.stdout ?? ''}${done.stderr ?? ''}${done.error?.message ?? ''}`);
}
