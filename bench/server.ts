/** Servers as processes of their own: the shipped one, and whatever it is compared with. */
import { type ChildProcess, spawn } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { newApiKey } from '../src/domain/api-key.ts';
import type { Site } from './site.ts';
import { cpuSeconds, rssMiB } from './usage.ts';

export interface Server extends AsyncDisposable {
  url: string;
  /** Resident memory, in MiB. */
  rssMiB(): number;
  /** Processor time that it has used so far, in seconds. */
  cpuSeconds(): number;
}

/** Both sides of every comparison have as many connections to Postgres. */
export const CONNECTIONS = 8;

export interface Longshore extends Server {
  operatorKey: string;
}

/** The shipped server and worker, on the memory provider unless `env` says otherwise. */
export async function startLongshore(site: Site, databaseUrl: string, env: NodeJS.ProcessEnv = {}): Promise<Longshore> {
  const operatorKey = newApiKey(randomBytes).key;
  const server = await startServer(site, 'src/entrypoints/node.ts', {
    LONGSHORE_PORT: '0',
    LONGSHORE_PROVIDER: 'memory',
    LONGSHORE_LOG_LEVEL: 'warn',
    LONGSHORE_DATABASE_CONNECTIONS: String(CONNECTIONS),
    LONGSHORE_OPERATOR_KEY: operatorKey,
    // On, with the ten leases a second that a tenant at its limit costs, and out of the way.
    LONGSHORE_RATE_PER_SECOND: '20000',
    LONGSHORE_RATE_BURST: '100000',
    LONGSHORE_QUOTA_CONTAINERS: '1000000',
    LONGSHORE_SWEEP_SECONDS: '3600',
    DATABASE_URL: databaseUrl,
    ...env,
  });
  return { ...server, operatorKey };
}

/** @param script relative to the repository's root; once it listens, it says a line that ends with its URL */
export async function startServer(site: Site, script: string, env: NodeJS.ProcessEnv): Promise<Server> {
  const profiling = site.profileFolder ? ['--cpu-prof', `--cpu-prof-dir=${site.profileFolder}`] : [];
  // As `npm run up` runs it.
  const child = spawn(process.execPath, ['--use-largepages=silent', ...profiling, script], {
    cwd: fileURLToPath(new URL('..', import.meta.url)),
    env: { PATH: process.env.PATH, ...env },
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const url = await address(child);
  const pid = child.pid ?? 0;
  return {
    url,
    rssMiB: () => rssMiB(pid),
    cpuSeconds: () => cpuSeconds(pid),
    [Symbol.asyncDispose]: async () => {
      child.kill('SIGTERM');
      if (child.exitCode === null && child.signalCode === null) await once(child, 'exit');
    },
  };
}

/** The last word of the first line that ends with a URL. What it says besides is passed on: one that complains is not worth measuring. */
function address(child: ChildProcess): Promise<string> {
  return new Promise((resolve, reject) => {
    if (!child.stdout) throw new Error('a server without standard output');
    const lines = createInterface({ input: child.stdout });
    lines.on('line', (line) => {
      const last = line.split(' ').at(-1) ?? '';
      if (/^https?:/.test(last)) resolve(last);
      else console.error(line);
    });
    child.once('exit', (code, signal) => reject(new Error(`A server ended before it listened (${code ?? signal})`)));
  });
}
