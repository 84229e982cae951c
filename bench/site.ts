/** The ground that benchmarks stand on: a throw-away Postgres with production's durable settings, and its databases. */
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import postgres from 'postgres';
import { startPostgres } from '../scripts/postgres.ts';
import { connectionOptions } from '../src/db/client.ts';
import { migrate } from '../src/db/migrate.ts';
import { childrenOf, cpuSeconds } from './usage.ts';

export interface Site extends AsyncDisposable {
  /** Length of one round of load, in seconds. */
  roundSeconds: number;
  /** Where servers write their CPU profiles; null: they are not profiled. */
  profileFolder: string | null;
  /** Aborts when the user interrupts. */
  signal: AbortSignal;
  log(line: string): void;
  /** A new, migrated database; the URL is the superuser's. */
  database(name: string): Promise<string>;
  /** Processor time that Postgres has used so far for the connections it has now, in seconds. */
  postgresCpuSeconds(): number;
}

/** Disposing stops the cluster and removes its folder. */
export async function openSite(
  options: Pick<Site, 'roundSeconds' | 'profileFolder' | 'signal' | 'log'>,
): Promise<Site> {
  const dataDir = mkdtempSync(join(tmpdir(), 'longshore-bench-'));
  const remove = () => rmSync(dataDir, { recursive: true, force: true });
  const settings = { shared_preload_libraries: 'pg_stat_statements', 'pg_stat_statements.track': 'none' };
  const cluster = await startPostgres({ dataDir, log: () => {}, settings }).catch((error: unknown) => {
    remove();
    throw error;
  });
  return {
    ...options,
    database: async (name) => {
      await administer(cluster.url, (sql) => sql.unsafe(`create database ${name}`));
      const url = new URL(cluster.url);
      url.pathname = `/${name}`;
      await migrate(url.href);
      return url.href;
    },
    postgresCpuSeconds: () => childrenOf(readPostmaster(dataDir)).reduce((sum, pid) => sum + cpuSeconds(pid), 0),
    [Symbol.asyncDispose]: async () => {
      await cluster.stop();
      remove();
    },
  };
}

const readPostmaster = (dataDir: string) =>
  Number.parseInt(readFileSync(join(dataDir, 'postgres/postmaster.pid'), 'utf8'), 10);

/** Runs as the superuser on a connection of its own. */
export async function administer<T>(url: string, run: (sql: postgres.Sql) => Promise<T>): Promise<T> {
  const sql = postgres({ ...connectionOptions(url), max: 1 });
  try {
    return await run(sql);
  } finally {
    await sql.end();
  }
}
