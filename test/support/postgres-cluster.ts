/** One throw-away Postgres for a test run, with a migrated template that test databases are copied from. */
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import postgres from 'postgres';
import { startPostgres } from '../../scripts/postgres.ts';
import { isAlive, processMark } from '../../scripts/process-lock.ts';
import { connectionOptions } from '../../src/db/client.ts';
import { migrate } from '../../src/db/migrate.ts';

export const templateName = 'longshore_template';

/** Losing a test's data in a crash of the machine is fine; waiting for its disk is not. */
const settings = { fsync: 'off', full_page_writes: 'off', max_connections: '200' };

const home = join(tmpdir(), 'longshore-test');

/** Starts the cluster in a folder of its own under the temp folder; `stop` removes it. */
export async function startTestCluster(): Promise<{ url: string; stop(): Promise<void> }> {
  mkdirSync(home, { recursive: true, mode: 0o700 });
  await removeAbandonedClusters();
  const dataDir = mkdtempSync(join(home, 'pg-'));
  writeFileSync(join(dataDir, 'owner'), processMark());
  const cluster = await startPostgres({ dataDir, log: () => {}, settings });
  await makeTemplate(cluster.url);
  const stop = async () => {
    await cluster.stop();
    rmSync(dataDir, { recursive: true, force: true });
  };
  return { url: cluster.url, stop };
}

/** The same login on another database of the cluster. */
export function onDatabase(url: string, database: string): string {
  const other = new URL(url);
  other.pathname = `/${database}`;
  return other.href;
}

async function makeTemplate(url: string): Promise<void> {
  const sql = postgres({ ...connectionOptions(url), max: 1 });
  await sql.unsafe(`create database ${templateName}`);
  await sql.end();
  await migrate(onDatabase(url, templateName));
}

/** Clusters of test runs that were killed: their servers still run. */
async function removeAbandonedClusters(): Promise<void> {
  for (const name of readdirSync(home)) {
    const dataDir = join(home, name);
    const owner = readOwner(dataDir);
    if (owner === undefined || isAlive(owner)) continue;
    const left = await startPostgres({ dataDir, log: () => {}, settings });
    await left.stop();
    rmSync(dataDir, { recursive: true, force: true });
  }
}

function readOwner(dataDir: string): string | undefined {
  try {
    return readFileSync(join(dataDir, 'owner'), 'utf8');
  } catch {
    return undefined; // another run is just making it, or has just removed it
  }
}
