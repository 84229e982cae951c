import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import postgres from 'postgres';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { processIdentity } from '../../scripts/processes.ts';
import { connectionOptions } from '../../src/db/client.ts';
import { run, type TestProcess } from '../support/child.ts';
import { waitFor } from '../support/wait-for.ts';

let dataDir: string;
let owners: TestProcess[];
beforeEach(() => {
  dataDir = mkdtempSync(join(tmpdir(), 'longshore-pg-'));
  owners = [];
});
afterEach(async () => {
  await start(dataDir);
  await Promise.all(owners.map((owner) => owner.end('SIGTERM')));
  rmSync(dataDir, { recursive: true });
});

async function start(folder = dataDir): Promise<{ owner: TestProcess; url: string }> {
  const owner = run('test/scripts/postgres-owner.ts', [folder]);
  owners.push(owner);
  return { owner, url: await owner.nextLine() };
}

async function query(url: string, statement: string): Promise<postgres.Row[]> {
  const sql = postgres({ ...connectionOptions(url), max: 1 });
  try {
    return await sql.unsafe(statement);
  } finally {
    await sql.end();
  }
}

const postmasterPid = (folder = dataDir) =>
  Number.parseInt(readFileSync(join(folder, 'postgres/postmaster.pid'), 'utf8'), 10);

test('data outlives a clean stop, and nothing runs or listens after it', async () => {
  const first = await start();
  await query(first.url, 'create table kept as select 1 as n');
  const pid = postmasterPid();
  await first.owner.end('SIGTERM');
  expect(processIdentity(pid)).toBeUndefined();
  expect(existsSync(join(dataDir, 'postgres/.s.PGSQL.5432'))).toBe(false);
  const second = await start();
  expect(await query(second.url, 'select n from kept')).toEqual([{ n: 1 }]);
});

test('a server whose parent was killed is taken over, still running', async () => {
  const first = await start();
  const pid = postmasterPid();
  await first.owner.end('SIGKILL');
  const second = await start();
  expect(postmasterPid()).toBe(pid);
  expect(await query(second.url, 'select 1 as n')).toEqual([{ n: 1 }]);
});

test('a killed server comes back with what was committed, while its children are still ending', async () => {
  const first = await start();
  await query(first.url, 'create table kept as select 1 as n');
  await first.owner.end('SIGKILL');
  process.kill(postmasterPid(), 'SIGKILL');
  const second = await start();
  expect(await query(second.url, 'select n from kept')).toEqual([{ n: 1 }]);
});

test('a pid file whose pid now belongs to somebody else is no server', async () => {
  const first = await start();
  const pid = postmasterPid();
  await first.owner.end('SIGKILL');
  process.kill(pid, 'SIGKILL');
  await waitFor(() => processIdentity(pid) === undefined);
  const path = join(dataDir, 'postgres/postmaster.pid');
  writeFileSync(path, readFileSync(path, 'utf8').replace(/^\d+/, String(process.pid)));
  const second = await start();
  expect(await query(second.url, 'select 1 as n')).toEqual([{ n: 1 }]);
});

test('a cluster that was interrupted while it was made is made again', async () => {
  mkdirSync(join(dataDir, 'postgres.new'));
  writeFileSync(join(dataDir, 'postgres.new/PG_VERSION'), '17\n');
  const { url } = await start();
  expect(await query(url, 'select 1 as n')).toEqual([{ n: 1 }]);
});

test('a folder too long for a socket keeps its data and gets its socket elsewhere, closed to others', async () => {
  const long = join(dataDir, 'a'.repeat(120));
  const { url, owner } = await start(long);
  const socketFolder = connectionOptions(url).host as string;
  expect(socketFolder.startsWith(tmpdir())).toBe(true);
  expect(statSync(socketFolder).mode & 0o777).toBe(0o700);
  expect(await query(url, 'select 1 as n')).toEqual([{ n: 1 }]);
  await owner.end('SIGTERM');
  rmSync(socketFolder, { recursive: true });
});

test('it is durable and cannot be reached over the network', async () => {
  const { url } = await start();
  const settings = ['fsync', 'synchronous_commit', 'full_page_writes', 'listen_addresses', 'max_connections'];
  const rows = await Promise.all(settings.map((name) => query(url, `show ${name}`)));
  expect(rows.map((row) => Object.values(row[0] ?? {})[0])).toEqual(['on', 'on', 'on', '', '100']);
  expect(statSync(join(dataDir, 'postgres')).mode & 0o777).toBe(0o700);
});
