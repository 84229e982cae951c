/**
 * The first step of every command: makes sure that the pinned dependencies, Node 24 among them, are installed, and hands
 * over to the command's own script. Plain JavaScript without dependencies, because it runs on whatever Node is there.
 */
import { spawn, spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { constants } from 'node:os';
import { delimiter, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const commands = {
  up: 'scripts/up.ts',
  test: 'scripts/test.ts',
  check: 'scripts/check.ts',
  bundle: 'scripts/bundle.ts',
  openapi: 'scripts/openapi.ts',
  'docker-compat': 'scripts/docker-compat.ts',
  migrations: 'scripts/migrations.ts',
  synth: 'scripts/synth.ts',
  deploy: 'scripts/deploy.ts',
  'aws-costs': 'scripts/aws-costs.ts',
  bench: 'bench/main.ts',
  simulate: 'test/simulation/main.ts',
  chaos: 'test/chaos/main.ts',
  longshore: 'src/entrypoints/cli.ts',
};

/** Node's own code on large pages, where the system has them: a server that was idle answers sooner. */
const ofServers = ['--use-largepages=silent'];

const root = fileURLToPath(new URL('..', import.meta.url));
const binaries = join(root, 'node_modules/.bin');

const [name = '', ...args] = process.argv.slice(2);
const script = Object.hasOwn(commands, name) ? commands[name] : undefined;
if (!script) fail(`Usage: node scripts/bootstrap.mjs ${Object.keys(commands).join('|')} [arguments]`);
const installMs = installDependencies();
run(findNode(), script);

/** Runs `npm ci` unless it was done for this very lock file; answers how many milliseconds it took. */
function installDependencies() {
  const started = performance.now();
  const stampPath = join(root, 'node_modules/.longshore-lock');
  const stamp = createHash('sha256')
    .update(readFileSync(join(root, 'package-lock.json')))
    .digest('hex');
  if (existsSync(stampPath) && readFileSync(stampPath, 'utf8').trim() === stamp) return 0;

  console.error('Installing dependencies (npm ci) ...');
  const npm = /npm-cli\.[cm]?js$/.test(process.env.npm_execpath ?? '')
    ? [process.execPath, process.env.npm_execpath]
    : ['npm'];
  const [program, ...before] = npm;
  const ci = [...before, 'ci', '--loglevel=error', '--include=dev', '--include=optional'];
  const done = spawnSync(program, ci, { cwd: root, stdio: ['ignore', 'ignore', 'inherit'] });
  if (done.status !== 0) fail(`npm ci failed${done.error ? `: ${done.error.message}` : ''}.`);
  writeFileSync(stampPath, `${stamp}\n`);
  return performance.now() - started;
}

/** The Node that came with the dependencies, or this one where there is none for the platform. */
function findNode() {
  const installed = join(binaries, 'node');
  if (existsSync(installed)) return installed;
  if (Number.parseInt(process.versions.node, 10) >= 24) return process.execPath;
  return fail(
    `Longshore runs on Node 24, and this is ${process.version}: install Node 24 or newer and put it on PATH.`,
  );
}

/** Ends as the script ends. Ctrl-C reaches the script twice, from the terminal and from here: it must not mind. */
function run(node, path) {
  // Paths that a user of the `longshore` command names are relative to where the user is.
  const child = spawn(node, [...(name === 'up' ? ofServers : []), join(root, path), ...args], {
    cwd: name === 'longshore' ? process.cwd() : root,
    stdio: 'inherit',
    env: {
      ...process.env,
      PATH: [binaries, process.env.PATH].filter(Boolean).join(delimiter),
      LONGSHORE_INSTALL_MS: String(Math.round(installMs)),
    },
  });
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP']) process.on(signal, () => child.kill(signal));
  child.on('error', (error) => fail(`${node} does not run on this machine: ${error.message}`));
  child.on('exit', (code, signal) => {
    process.exitCode = code ?? 128 + constants.signals[signal];
  });
}

function fail(sentence) {
  console.error(sentence);
  process.exit(1);
}
