/**
 * `npm test`: installs what the tests need, says what cannot run on this machine and why, runs the rest, and ends with one
 * line that counts. Arguments go to vitest: a path, `-t name`, `--project offline`.
 */
import { spawn } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { canInstallPackages, installPackages, keepServiceOff, missingPackages } from './debian-packages.ts';
import { acquireEngine, type Engine } from './engine.ts';
import { findBinaries } from './postgres-binaries.ts';
import { readReport } from './test-report.ts';

const dockerTestPackages = [
  ...['docker.io', 'iptables', 'busybox-static', 'docker-registry', 'apache2-utils', 'openssl'],
  // What containers of tests fetch files with.
  ...['curl', 'wget'],
  // Clients; python3-docker is docker-py, which the former is made with.
  ...['docker-compose', 'python3-docker'],
  // What the runtime client of Lambda is compiled with, and a proxy before Postgres.
  ...['cmake', 'g++', 'make', 'python3', 'xz-utils', 'pgbouncer'],
];
/** The service models by which test/aws-fake judges requests. */
const awsTestPackages = ['python3-botocore'];

const log = (line: string) => console.log(line);
const skipped: string[] = [];
const skip = (project: string) => (reason: Error) => {
  skipped.push(project);
  log(`Skipping the ${project} tests: ${reason.message}`);
};

await findBinaries().catch(skip('postgres'));
if (process.getuid?.() !== 0) skip('root')(new Error('they need root.'));
await Promise.resolve(awsTestPackages).then(ensurePackages).catch(skip('aws'));
const engine = await prepareEngine().catch(skip('docker'));
const folder = mkdtempSync(join(tmpdir(), 'longshore-report-'));
try {
  const reportPath = join(folder, 'report.json');
  const status = await runVitest(reportPath);
  const report = readReport(readFileSync(reportPath, 'utf8'));
  if (status !== 0 && report.failed === 0) log('No test failed, but vitest did: see above.');
  console.log(`${report.passed} passed, ${report.failed} failed${report.skipped ? `, ${report.skipped} skipped` : ''}`);
  process.exitCode = status === 0 && report.failed === 0 ? 0 : 1;
} finally {
  rmSync(folder, { recursive: true });
  await engine?.release();
}

/** Held for the whole run, so that test files that come and go do not stop and start it. */
async function prepareEngine(): Promise<Engine> {
  await findBinaries();
  for (const service of ['docker-registry', 'pgbouncer']) keepServiceOff(service);
  ensurePackages([...dockerTestPackages, ...awsTestPackages]);
  return acquireEngine({ env: process.env, log, install: true });
}

function ensurePackages(names: readonly string[]): void {
  const missing = missingPackages(names);
  if (missing.length === 0) return;
  if (!canInstallPackages())
    throw new Error(`they need ${missing.join(', ')}, which root on Debian or Ubuntu can install.`);
  log(`Installing ${missing.join(', ')}`);
  installPackages(missing);
}

function runVitest(reportPath: string): Promise<number> {
  const reporters = ['--reporter=default', '--reporter=json', `--outputFile.json=${reportPath}`];
  const projects = skipped.map((project) => `--project=!${project}`);
  const child = spawn('vitest', ['run', ...reporters, ...projects, ...process.argv.slice(2)], { stdio: 'inherit' });
  for (const signal of ['SIGINT', 'SIGTERM'] as const) process.on(signal, () => child.kill(signal));
  return new Promise((resolve, reject) => {
    child.once('error', reject);
    child.once('exit', (code) => resolve(code ?? 1));
  });
}
