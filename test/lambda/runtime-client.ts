/** AWS's runtime interface client, installed when it is first wanted: it is compiled then, which takes a minute. */
import { execFile } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { canInstallPackages, installPackages, missingPackages } from '../../scripts/debian-packages.ts';
import { withLock } from '../../scripts/process-lock.ts';

const folder = fileURLToPath(new URL('runtime/', import.meta.url));
const packages = ['cmake', 'g++', 'make', 'python3', 'xz-utils'];
const INSTALL_MS = 10 * 60_000;

/** The path of its program. */
export async function runtimeClient(): Promise<string> {
  const program = join(folder, 'node_modules/aws-lambda-ric/index.mjs');
  await withLock(join(folder, '.install-lock'), INSTALL_MS, async () => {
    const lock = createHash('sha256')
      .update(readFileSync(join(folder, 'package-lock.json')))
      .digest('hex');
    const stamp = join(folder, 'node_modules/.longshore-lock');
    if (existsSync(stamp) && readFileSync(stamp, 'utf8') === lock) return;
    await install();
    writeFileSync(stamp, lock);
  });
  return program;
}

async function install(): Promise<void> {
  const missing = missingPackages(packages);
  if (missing.length > 0) {
    if (!canInstallPackages()) throw new Error(`The runtime client needs ${missing.join(', ')} to be compiled`);
    installPackages(missing);
  }
  await promisify(execFile)('npm', ['ci', '--loglevel=error'], {
    cwd: folder,
    // Headers of the Node that runs it, which are not fetched.
    env: { ...process.env, npm_config_nodedir: nodeFolder() },
    timeout: INSTALL_MS,
    maxBuffer: 1e8,
  });
}

function nodeFolder(): string {
  const require = createRequire(import.meta.url);
  return dirname(require.resolve(`node-linux-${process.arch}/package.json`));
}
