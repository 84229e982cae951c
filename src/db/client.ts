/**
 * Connections to Postgres. `Db` has one method per shape of transaction, so that each call is one boundary: the simulator
 * implements the same interface on an in-process Postgres. Nothing here knows a table.
 */

import { systemClock } from '../domain/clock.ts';
import { AppError } from '../domain/errors.ts';
import type { DatabaseError, Metrics } from '../domain/metrics.ts';
import type { Row, Statement } from './line.ts';
import { type Address, type Credentials, login } from './login.ts';
import { type Orm, ormOn, Pool } from './pool.ts';
import { isLoss, isRefusedLogin, isUnconnected, locked, notConnected, refusal, sqlState } from './sql-state.ts';

/** `app` sees the tenant of its transaction; `reconciler` sees all and has no HTTP route of its own. */
export type DbRole = 'app' | 'reconciler';
export type { Orm, Row, Statement };

export interface Db {
  /** One statement, a transaction of its own. */
  query(role: DbRole, statement: Statement): Promise<Row[]>;
  /** Statements of one transaction, sent in one flight; `check` sees every result before the commit and rolls back by throwing. */
  batch(role: DbRole, statements: Statement[], check?: (results: Row[][]) => void): Promise<Row[][]>;
  /** A transaction of several round trips, where what is asked depends on what was answered. */
  transaction<T>(role: DbRole, run: (orm: Orm) => Promise<T>): Promise<T>;
  /** Lets go of all connections. A later call makes others. */
  close(): Promise<void>;
}

export interface DbOptions {
  url: string;
  appUrl?: string | undefined;
  reconcilerUrl?: string | undefined;
  /** Of each role, at most. */
  connections: number;
  /** Says the passwords that the URLs do not. */
  credentials?: Credentials | undefined;
  /** False: connections are a proxy's, who gives each transaction another one. */
  sessions?: boolean;
  /** How long a call waits for a database that takes no connections yet. */
  waitSeconds?: number;
  /** Told about every statement or transaction that failed. */
  metrics?: Pick<Metrics, 'databaseError'>;
}

/** Lazy: connects at the first call. Throws `unavailable` whenever Postgres cannot be reached. */
export function connect(options: DbOptions): Db {
  const { url, appUrl, reconcilerUrl } = options;
  const pools = {
    app: poolOf(options, appUrl ?? url, appUrl ? undefined : 'longshore_app', 'app'),
    reconciler: poolOf(options, reconcilerUrl ?? url, reconcilerUrl ? undefined : 'longshore_reconciler', 'reconciler'),
  };
  const guarded = <T>(run: () => Promise<T>) => guard(options, run);
  return {
    query: (role, statement) => guarded(() => pools[role].query(statement)),
    batch: (role, statements, check) =>
      guarded(() =>
        check === undefined
          ? pools[role].flight(statements)
          : pools[role].transaction(async (line) => {
              const results = await Promise.all(statements.map((statement) => line.send(statement)));
              check(results);
              return results;
            }),
      ),
    transaction: (role, run) => guarded(() => pools[role].transaction((line) => run(ormOn(line)))),
    close: async () => {
      await Promise.all([pools.app.end(), pools.reconciler.end()]);
    },
  };
}

/** Options for postgres.js from a URL; `?host=/dir` names a unix socket's folder, as libpq reads it. */
export function connectionOptions(url: string): Address {
  const parsed = new URL(url);
  const { host, sslmode, ...rest } = Object.fromEntries(parsed.searchParams);
  return {
    host: host ?? parsed.hostname,
    port: Number(parsed.port || 5432),
    database: decodeURIComponent(parsed.pathname.slice(1)) || 'postgres',
    username: decodeURIComponent(parsed.username) || 'postgres',
    password: decodeURIComponent(parsed.password),
    ...(sslmode && sslmode !== 'disable' ? { ssl: sslmode === 'verify-full' ? 'verify-full' : 'require' } : {}),
    connection: rest,
    onnotice: () => undefined,
  };
}

/** A stuck statement or an abandoned transaction ends by itself. The roles have the same, which an assumed role does not bring along. */
const idle = { idle_in_transaction_session_timeout: '10s' };
const bounds = { app: { ...idle, statement_timeout: '5s' }, reconciler: { ...idle, statement_timeout: '30s' } };

function poolOf(
  { connections, credentials, sessions = true, waitSeconds = 0 }: DbOptions,
  url: string,
  role: string | undefined,
  bound: keyof typeof bounds,
): Pool {
  // Somebody who resumes a paused database answers only when it is there.
  const connectSeconds = Math.max(3, waitSeconds);
  const wanted = { role, settings: bounds[bound], credentials, sessions, connectSeconds };
  const assumed = { ...bounds[bound], ...(role === undefined ? {} : { role }) };
  return new Pool(login(connectionOptions(url), wanted), connections, sessions ? null : assumed);
}

/** No room for another connection; a statement that took too long. */
const overloads = new Set(['53300', '53400', '57014']);
const transient = new Set(['40001', '40P01']);
/** Text that Postgres cannot keep: NUL, and in jsonb half of a surrogate pair. */
const unstorable = new Set(['22021', '22P02', '22P05']);

const retryMs = 250;

/**
 * Retries what Postgres asks to retry, and waits for one that takes no connections yet; names an outage and text that cannot be
 * kept; lets everything else through. Violated constraints, refusals and locks that were not waited for are no errors: they answer.
 */
async function guard<T>({ metrics, credentials, waitSeconds = 0 }: DbOptions, run: () => Promise<T>): Promise<T> {
  const count = (kind: DatabaseError) => metrics?.databaseError(kind);
  const endsAt = systemClock.now() + waitSeconds * 1000;
  let renewed = false;
  for (let attempt = 1; ; attempt++) {
    try {
      return await run();
    } catch (error) {
      const code = sqlState(error);
      if (code === null || code.startsWith('23') || code === refusal || code === locked) throw error;
      if (transient.has(code) && attempt < 6) {
        count('retried');
        continue;
      }
      const isRefused = credentials !== undefined && isRefusedLogin(error);
      // Where a password was refused, so were others who wait for the same connection.
      const mayEnter: boolean = credentials !== undefined && !renewed && (isRefused || code === notConnected);
      if (mayEnter || ((isRefused || isUnconnected(error)) && systemClock.now() < endsAt)) {
        count('retried');
        if (isRefused) await credentials?.renew();
        if (!mayEnter) await systemClock.sleep(retryMs);
        renewed ||= mayEnter;
        continue;
      }
      if (isLoss(error) || overloads.has(code) || transient.has(code) || isRefused) {
        count('unavailable');
        throw new AppError('unavailable', 'The database is not available', {
          cause: error,
          details: { retryAfterSeconds: waitSeconds > 0 ? 5 : 1 },
        });
      }
      if (unstorable.has(code)) {
        throw new AppError('invalid', 'Text must not contain NUL or half of a surrogate pair', { cause: error });
      }
      count('unexpected');
      throw error;
    }
  }
}
