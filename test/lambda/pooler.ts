/** PgBouncer as a proxy that gives each transaction another connection, on a port of this machine, as strict as it comes. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { chmodSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { connect } from '../../src/db/client.ts';
import { freePort } from '../support/free-port.ts';
import { pausedDatabase } from './paused-database.ts';

export interface Pooler extends AsyncDisposable {
  /** Of the same database, by this way. */
  url: string;
}

/** @param connections that it has to the server, for all of its clients */
export async function startPooler(databaseUrl: string, connections: number): Promise<Pooler> {
  await using stack = new AsyncDisposableStack();
  const folder = mkdtempSync(join(tmpdir(), 'longshore-pooler-'));
  stack.defer(() => rmSync(folder, { recursive: true, force: true }));
  // By TCP, for the socket belongs to another user than the one that it runs as.
  const server = stack.use(await pausedDatabase(databaseUrl, 'hangs up'));
  await server.resume();
  const { port: serverPort, pathname } = new URL(server.url);
  const database = pathname.slice(1);
  const port = await freePort();
  const users = join(folder, 'users.txt');
  const settings = join(folder, 'pgbouncer.ini');
  writeFileSync(users, '"postgres" ""\n');
  writeFileSync(
    settings,
    `[databases]
${database} = host=127.0.0.1 port=${serverPort} dbname=${database} user=postgres
[pgbouncer]
listen_addr = 127.0.0.1
listen_port = ${port}
unix_socket_dir =
auth_type = trust
auth_file = ${users}
pool_mode = transaction
default_pool_size = ${connections}
`,
  );
  for (const path of [folder, users, settings]) chmodSync(path, 0o755);
  // It refuses to run as root.
  const user = process.getuid?.() === 0 ? ['-u', 'nobody'] : [];
  const child = spawn('pgbouncer', [...user, settings], { stdio: 'ignore' });
  const exited = once(child, 'exit');
  stack.defer(async () => {
    child.kill('SIGKILL');
    await exited;
  });
  const url = `postgres://postgres@127.0.0.1:${port}/${database}`;
  const db = connect({ url, connections: 1, sessions: false, waitSeconds: 10 });
  await db.query('app', { text: 'select 1', params: [] });
  await db.close();
  const owned = stack.move();
  return { url, [Symbol.asyncDispose]: () => owned.disposeAsync() };
}
