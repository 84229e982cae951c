/** Passwords that change while a function runs, on a Postgres that asks for them. */

import { once } from 'node:events';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { inspect } from 'node:util';
import postgres from 'postgres';
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest';
import { type EmbeddedPostgres, startPostgres } from '../../scripts/postgres.ts';
import { parseConfig } from '../../src/config.ts';
import { connect, connectionOptions } from '../../src/db/client.ts';
import { migrate } from '../../src/db/migrate.ts';
import { databaseLogin } from '../../src/lambda/database-login.ts';
import { waitFor } from '../support/wait-for.ts';
import { apiFunction } from './api-function.ts';

/** Of this machine's own, so that the port is free. */
const host = `127.${1 + (process.pid % 200)}.${(process.pid >> 8) % 250}.9`;
const arn = 'arn:aws:secretsmanager:eu-west-1:000000000000:secret:database-AbCdEf';
const folder = mkdtempSync(join(tmpdir(), 'longshore-login-'));
let cluster: EmbeddedPostgres;
let admin: postgres.Sql;
/** What Secrets Manager answers, and how often it was asked. */
let secret: Record<string, unknown> | string;
let asked = 0;

const secretsManager = createServer((request, response) => {
  asked += 1;
  request.resume();
  response.writeHead(200, { 'content-type': 'application/x-amz-json-1.1' });
  response.end(
    JSON.stringify({
      ARN: arn,
      Name: 'database',
      SecretString: typeof secret === 'string' ? secret : JSON.stringify(secret),
    }),
  );
});

beforeAll(async () => {
  cluster = await startPostgres({ dataDir: folder, log: () => {}, settings: { listen_addresses: host, fsync: 'off' } });
  const hba = join(folder, 'postgres/pg_hba.conf');
  readFileSync(hba);
  writeFileSync(hba, 'local all all trust\nhost all all 127.0.0.0/8 scram-sha-256\n');
  await migrate(cluster.url);
  admin = postgres({ ...connectionOptions(cluster.url), max: 1 });
  await admin`select pg_reload_conf()`;
  await admin`create role owner superuser login password 'first'`;
  secretsManager.listen(0, '127.0.0.1');
  await once(secretsManager, 'listening');
  process.env.AWS_ENDPOINT_URL = `http://127.0.0.1:${(secretsManager.address() as AddressInfo).port}`;
  process.env.AWS_REGION = 'eu-west-1';
  process.env.AWS_ACCESS_KEY_ID = 'AKIAIOSFODNN7EXAMPLE';
  process.env.AWS_SECRET_ACCESS_KEY = 'secret';
});
afterAll(async () => {
  secretsManager.close();
  await admin.end();
  await cluster.stop();
  rmSync(folder, { recursive: true, force: true });
});
beforeEach(async () => {
  await rotate('first');
  asked = 0;
});

async function rotate(password: string, tell = true): Promise<void> {
  await admin.unsafe(`alter role owner password '${password}'`);
  if (tell) secret = { username: 'owner', password, engine: 'postgres', host, port: 5432, dbname: 'longshore' };
  // Whoever is logged in stays so: they have to come again.
  const ended = await admin`select pid, pg_terminate_backend(pid) from pg_stat_activity where usename = 'owner'`;
  // Its connection closes with the process, after it is gone from the view; and for this process to hear of it.
  await waitFor(async () => !ended.some(({ pid }) => isAlive(Number(pid))));
  for (let heard = 0; heard < 3; heard++) await admin`select 1`;
}

function isAlive(pid: number): boolean {
  try {
    return process.kill(pid, 0);
  } catch (error) {
    return (error as NodeJS.ErrnoException).code !== 'ESRCH';
  }
}

const known = () => (typeof secret === 'string' ? {} : secret);

const settings = (more: Record<string, string> = {}) => ({
  LONGSHORE_PROVIDER: 'memory',
  LONGSHORE_DATABASE_SECRET: arn,
  // The secret says where; this one says as well that there is no TLS here.
  DATABASE_URL: `postgres://${host}:5432/longshore`,
  ...more,
});

test('a function logs in with the secret, and reads it again when the password was changed', async () => {
  const api = apiFunction(settings());
  const ready = async () => {
    const invoked = api.send({ method: 'GET', target: '/readyz' });
    return [(await invoked.head).statusCode, JSON.parse(await invoked.text()).database];
  };
  expect(await ready()).toEqual([200, true]);
  expect(asked).toBe(1);
  await rotate('second');
  expect(await ready()).toEqual([200, true]);
  expect(asked).toBe(2);
});

test('a password that the secret does not have yet is waited for', async () => {
  const login = await databaseLogin(parseConfig(settings()));
  const db = connect({ ...login, connections: 1, waitSeconds: 20 });
  const look = () => db.query('app', { text: 'select current_user as me', params: [] });
  expect(await look()).toEqual([{ me: 'longshore_app' }]);
  await rotate('third', false);
  const looking = look();
  const told = setTimeout(() => {
    secret = { ...known(), password: 'third' };
  }, 1_000);
  expect(await looking).toEqual([{ me: 'longshore_app' }]);
  clearTimeout(told);
  await db.close();
});

test('many who are refused at once read the secret together, and all get in', async () => {
  const login = await databaseLogin(parseConfig(settings()));
  const db = connect({ ...login, connections: 2 });
  await rotate('fourth');
  asked = 0;
  const answers = await Promise.all(
    Array.from({ length: 20 }, (_, number) => db.query('app', { text: 'select $1::int as n', params: [number] })),
  );
  expect(answers.map(([row]) => row?.n)).toEqual(Array.from({ length: 20 }, (_, number) => number));
  expect(asked).toBeLessThanOrEqual(3);
  await db.close();
});

test('a login that stays refused is an outage, not an answer to the tenant', async () => {
  const login = await databaseLogin(parseConfig(settings()));
  secret = { ...known(), password: 'wrong' };
  const db = connect({ ...(await databaseLogin(parseConfig(settings()))), connections: 1 });
  await expect(db.query('app', { text: 'select 1', params: [] })).rejects.toMatchObject({ code: 'unavailable' });
  await db.close();
  expect(login.url).not.toContain('first');
});

test('without a URL the secret says where, and TLS is checked', async () => {
  const { DATABASE_URL: _, ...only } = settings();
  const { url } = await databaseLogin(parseConfig(only));
  expect(url).toBe(`postgres://owner@${host}:5432/longshore?sslmode=verify-full`);
});

test('a secret that is none of a database is an outage that names it in the log only', async () => {
  secret = { token: 'abc' };
  await expect(databaseLogin(parseConfig(settings()))).rejects.toMatchObject({
    code: 'unavailable',
    message: 'A setting cannot be read',
    cause: { message: expect.stringContaining(arn) },
  });
});

test.each(['hunter2', '{"username":"owner","password":hunter2}', '"hunter2"', '["hunter2"]', '{"password":"hunter2"}'])(
  'a secret that is %s is not quoted by what goes wrong',
  async (text) => {
    secret = text;
    const error = await databaseLogin(parseConfig(settings())).catch((error: unknown) => error);
    expect(error).toMatchObject({ code: 'unavailable', cause: { message: expect.stringContaining(arn) } });
    expect(inspect(error, { depth: 9 })).not.toContain('hunter2');
  },
);

test('with IAM each connection has a token of its own, for its host and user', async () => {
  const { credentials } = await databaseLogin(
    parseConfig({
      LONGSHORE_PROVIDER: 'memory',
      LONGSHORE_DATABASE_IAM: 'true',
      DATABASE_URL: 'postgres://owner@db.example.test:5432/longshore',
    }),
  );
  const token = await credentials?.password({ host: 'db.example.test', port: 5432, username: 'owner' });
  expect(token).toMatch(/^db\.example\.test:5432\/\?.*Action=connect.*DBUser=owner.*X-Amz-Signature=[0-9a-f]{64}/);
  expect(asked).toBe(0);
});
