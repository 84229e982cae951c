/**
 * The embedded Postgres of one data folder, made on first use. It listens on a Unix socket in a folder only its user can
 * enter; that folder, not a password, is what keeps others out.
 */
import { spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { chmodSync, existsSync, lstatSync, mkdirSync, renameSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import postgres from 'postgres';
import {
  findBinaries,
  giveTo,
  nobody,
  type PostgresUser,
  postgresUser,
  refuseClosedFolders,
} from './postgres-binaries.ts';
import { runPostmaster, stopPostmaster } from './postmaster.ts';

export type PostgresRequest = {
  /** The cluster goes into its subfolder `postgres`, the log into `postgres.log`. */
  dataDir: string;
  log: (line: string) => void;
  /** Server settings that replace the durable defaults, such as `fsync=off` for tests. */
  settings?: Record<string, string>;
};

export type EmbeddedPostgres = {
  /** Of the superuser, for the database `longshore`; the query's `host` is the folder of the socket. */
  url: string;
  stop(): Promise<void>;
};

const defaults = {
  listen_addresses: '',
  unix_socket_permissions: '0700',
  max_connections: '100',
  fsync: 'on',
  synchronous_commit: 'on',
  // Until a new table has been looked at, any index is taken for as good as its key.
  autovacuum_naptime: '5s',
  timezone: 'UTC',
  log_timezone: 'UTC',
};

/** With `/.s.PGSQL.5432.lock` behind it, a longer folder does not fit the 107 bytes of a socket's address. */
const longestSocketFolder = 89;

/** Starts the server, or takes over the one that a killed process left running on this folder. One owner at a time. */
export async function startPostgres({ dataDir, log, settings = {} }: PostgresRequest): Promise<EmbeddedPostgres> {
  const { initdb, postgres: program } = await findBinaries();
  const user = postgresUser();
  const dataFolder = join(resolve(dataDir), 'postgres');
  mkdirSync(dataDir, { recursive: true, mode: 0o700 });
  if (user.isStranger) {
    chmodSync(dataDir, 0o711);
    refuseClosedFolders([dataFolder, program]);
  }
  if (!existsSync(dataFolder)) {
    log('creating the database cluster');
    createCluster(initdb, dataFolder, user);
  }
  const socketFolder = makeSocketFolder(dataFolder, user);
  const options = Object.entries({ ...defaults, ...settings }).flatMap(([name, value]) => ['-c', `${name}=${value}`]);
  const pid = await runPostmaster({
    command: [program, '-D', dataFolder, '-k', socketFolder, '-p', '5432', ...options],
    dataFolder,
    socketFolder,
    logPath: join(resolve(dataDir), 'postgres.log'),
    user,
  });
  await createDatabase(socketFolder);
  return {
    url: `postgres://postgres@localhost/longshore?host=${encodeURIComponent(socketFolder)}`,
    stop: () => stopPostmaster(pid),
  };
}

/** Made aside and moved into place whole: a cluster that was interrupted halfway is made again. */
function createCluster(initdb: string, dataFolder: string, user: PostgresUser): void {
  const unfinished = `${dataFolder}.new`;
  rmSync(unfinished, { recursive: true, force: true });
  mkdirSync(unfinished, { mode: 0o700 });
  giveTo(unfinished, user.owner);
  const options = ['-U', 'postgres', '-A', 'trust', '--no-sync', '-E', 'UTF8', '--locale=C'];
  const [program = '', ...args] = [...user.prefix, initdb, '-D', unfinished, ...options];
  const made = spawnSync(program, args, { ...user.identity, cwd: '/', encoding: 'utf8' });
  if (made.status !== 0)
    throw new Error(`initdb failed in ${unfinished}: ${made.error?.message ?? made.stderr.trim()}`);
  renameSync(unfinished, dataFolder);
}

function makeSocketFolder(dataFolder: string, user: PostgresUser): string {
  chmodSync(dataFolder, 0o700);
  if (Buffer.byteLength(dataFolder) <= longestSocketFolder) return dataFolder;
  const folder = join(tmpdir(), `longshore-${createHash('sha256').update(dataFolder).digest('hex').slice(0, 16)}`);
  if (!existsSync(folder)) mkdirSync(folder, { mode: 0o700 });
  const found = lstatSync(folder);
  const isOurs = found.uid === process.getuid?.() || (user.owner !== undefined && found.uid === nobody);
  if (!found.isDirectory() || !isOurs) throw new Error(`${folder} belongs to somebody else: remove it.`);
  chmodSync(folder, 0o700);
  giveTo(folder, user.owner);
  return folder;
}

async function createDatabase(socketFolder: string): Promise<void> {
  const sql = postgres({ host: socketFolder, username: 'postgres', database: 'postgres', max: 1, onnotice: () => {} });
  try {
    const [found] = await sql`select from pg_database where datname = 'longshore'`;
    if (!found) await sql`create database longshore`;
  } finally {
    await sql.end();
  }
}
