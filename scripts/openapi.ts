/** `npm run openapi`: writes the API's document to docs/openapi.json. With `--check` only compares, and fails when they differ. */
import { spawnSync } from 'node:child_process';
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';

const path = 'docs/openapi.json';

const printed = spawnSync(process.execPath, ['src/entrypoints/openapi.ts'], { encoding: 'utf8' });
if (printed.status !== 0) {
  console.error(printed.stderr);
  process.exit(1);
}
if (!process.argv.includes('--check')) {
  mkdirSync('docs', { recursive: true });
  writeFileSync(path, printed.stdout);
} else if (printed.stdout !== readFileSync(path, 'utf8')) {
  console.error(`${path} is not what the routes say: run npm run openapi and commit it`);
  process.exit(1);
}
