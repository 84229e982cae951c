import { execFileSync, spawnSync } from 'node:child_process';
import { appendFileSync, copyFileSync, existsSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { run } from '../support/child.ts';

let checkout: string;
const lockPath = () => join(checkout, 'package-lock.json');

/** A checkout with one dependency that needs no download, whose `up` tells how it was started. */
beforeAll(() => {
  checkout = mkdtempSync(join(tmpdir(), 'longshore-checkout-'));
  mkdirSync(join(checkout, 'scripts'));
  copyFileSync('scripts/bootstrap.mjs', join(checkout, 'scripts/bootstrap.mjs'));
  mkdirSync(join(checkout, 'near'));
  writeFileSync(join(checkout, 'near/package.json'), JSON.stringify({ name: 'near', version: '1.0.0' }));
  const manifest = { name: 'checkout', version: '1.0.0', type: 'module', dependencies: { near: 'file:near' } };
  writeFileSync(join(checkout, 'package.json'), JSON.stringify(manifest));
  execFileSync('npm', ['install', '--package-lock-only'], { cwd: checkout });
  const up = `
    process.on('SIGTERM', () => process.exit(7));
    const facts: object = { args: process.argv.slice(2), cwd: process.cwd(), path: process.env.PATH };
    console.log(JSON.stringify({ ...facts, installMs: Number(process.env.LONGSHORE_INSTALL_MS) }));
    if (process.argv[2] === 'wait') setInterval(() => {}, 1000);
    process.exitCode = Number(process.argv[3] ?? 0);`;
  writeFileSync(join(checkout, 'scripts/up.ts'), up);
});
afterAll(() => rmSync(checkout, { recursive: true }));

const bootstrap = (...args: string[]) =>
  spawnSync(process.execPath, [join(checkout, 'scripts/bootstrap.mjs'), ...args], { encoding: 'utf8', cwd: tmpdir() });

test('a command of a fresh checkout installs first and then runs at the root with its arguments', () => {
  const { stdout, stderr } = bootstrap('up', 'a', '0');
  const facts = JSON.parse(stdout);
  expect(stderr).toContain('npm ci');
  expect(facts).toMatchObject({ args: ['a', '0'], cwd: checkout });
  expect(facts.path.startsWith(join(checkout, 'node_modules/.bin'))).toBe(true);
  expect(facts.installMs).toBeGreaterThan(0);
});

test('nothing is installed again until the lock file changes', () => {
  bootstrap('up');
  expect(JSON.parse(bootstrap('up').stdout).installMs).toBe(0);
  appendFileSync(lockPath(), '\n');
  expect(JSON.parse(bootstrap('up').stdout).installMs).toBeGreaterThan(0);
  expect(existsSync(join(checkout, 'node_modules/.longshore-lock'))).toBe(true);
});

test('the exit code is the one of the command', () => {
  expect(bootstrap('up', 'fail', '3').status).toBe(3);
});

test('an unknown command is refused with the known ones', () => {
  const { status, stderr } = bootstrap('toString');
  expect(status).toBe(1);
  expect(stderr).toContain('up|test|check');
});

test('SIGTERM reaches the command, which ends in its own way', async () => {
  const started = run(join(checkout, 'scripts/bootstrap.mjs'), ['up', 'wait']);
  await started.nextLine();
  await started.end('SIGTERM');
  expect(started.child.exitCode).toBe(7);
});
