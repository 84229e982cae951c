/** A Postgres server of its own, with the durable settings of `npm run up`, that can crash and comes back. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { startPostgres } from '../../scripts/postgres.ts';
import { hasEnded, readPidFile } from '../../scripts/processes.ts';
import { migrate } from '../../src/db/migrate.ts';

export interface Cluster {
  /** The superuser's, of a migrated database. */
  url: string;
  /** As after a power cut, but for the disk: every connection breaks, and the next start recovers from the log. */
  crash(): Promise<void>;
  /** Answers once it takes connections again. */
  restart(): Promise<void>;
  /** Stops it and removes its data. */
  remove(): Promise<void>;
}

export async function startCluster(): Promise<Cluster> {
  const dataDir = mkdtempSync(join(tmpdir(), 'longshore-chaos-pg-'));
  const start = () => startPostgres({ dataDir, log: () => {} });
  let running = await start();
  await migrate(running.url);
  return {
    url: running.url,
    crash: async () => {
      const pid = readPidFile(join(dataDir, 'postgres/postmaster.pid'));
      if (pid === undefined) throw new Error('Postgres does not run');
      process.kill(pid, 'SIGQUIT');
      await hasEnded(pid, 10_000);
    },
    restart: async () => {
      running = await start();
    },
    remove: async () => {
      await running.stop();
      rmSync(dataDir, { recursive: true, force: true });
    },
  };
}
