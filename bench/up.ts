/** From the command to a server that answers: `npm run up` on a new data folder, and again on the same. */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { acquireEngine } from '../scripts/engine.ts';
import type { Benchmark } from './benchmark.ts';
import type { Site } from './site.ts';
import { median } from './statistics.ts';

const AGAIN = 5;

export const up: Benchmark = {
  name: 'up',
  summary:
    '`npm run up` until it is ready: first on a new data folder, then on one with data, with an Engine that runs',
  async run(site) {
    await using cleanup = new AsyncDisposableStack();
    const engine = await acquireEngine({ env: process.env, log: site.log, install: false });
    cleanup.defer(engine.release);
    const dataDir = mkdtempSync(join(tmpdir(), 'longshore-bench-up-'));
    cleanup.defer(() => rmSync(dataDir, { recursive: true, force: true }));
    const env = { ...process.env, DOCKER_HOST: engine.dockerHost, LONGSHORE_PORT: '0', LONGSHORE_DATA_DIR: dataDir };
    const first = await seconds(site, env);
    const again: number[] = [];
    for (let round = 0; round < AGAIN; round++) again.push(await seconds(site, env));
    return {
      table: [
        { what: 'on a new data folder, s', value: first },
        { what: `on one with data, s (median of ${AGAIN})`, value: median(again) },
      ],
      demands: [{ what: 'seconds until the second one is ready (median)', measured: median(again), atMost: 3 }],
      samples: { first: [first], again },
    };
  },
};

/** Wall time from the command to its word that it is ready; it is stopped then. */
async function seconds({ signal }: Site, env: NodeJS.ProcessEnv): Promise<number> {
  const began = performance.now();
  const child = spawn('npm', ['run', '--silent', 'up'], {
    cwd: fileURLToPath(new URL('..', import.meta.url)),
    env,
    stdio: ['ignore', 'pipe', 'inherit'],
    detached: true,
    signal,
  });
  const ready = new Promise<number>((resolve, reject) => {
    createInterface({ input: child.stdout }).on('line', (line) => {
      if (line.startsWith('Longshore is ready')) resolve(Math.round(performance.now() - began) / 1000);
    });
    child.once('error', reject);
    child.once('exit', () => reject(new Error('`npm run up` ended before it was ready')));
  });
  try {
    return await ready;
  } finally {
    await stop(child);
  }
}

/** As Ctrl-C does, which reaches npm and everything that it started. */
async function stop(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const ended = once(child, 'exit');
  process.kill(-(child.pid ?? 0), 'SIGINT');
  await ended;
}
