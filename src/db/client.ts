/**
 * Connections to Postgres. `Db` has one method per shape of transaction, so that each call is one boundary: the simulator
 * implements the same interface on an in-process Postgres. Nothing here knows a table.
 */

import type { PgDatabase, PgQueryResultHKT } from 'drizzle-orm/pg-core';
import { drizzle } from 'drizzle-orm/postgres-js';
import postgres from 'postgres';
import { AppError } from '../domain/errors.ts';
import type { DatabaseError, Metrics } from '../domain/metrics.ts';

/** `app` sees the tenant of its transaction; `reconciler` sees all and has no HTTP route of its own. */
export type DbRole = 'app' | 'reconciler';
export type Row = Record<string, unknown>;

export interface Statement {
  text: string;
  params: unknown[];
}

/** Drizzle's query builder inside a transaction. */
export type Orm = PgDatabase<PgQueryResultHKT, Record<string, never>>;

export interface Db {
  /** One prepared statement, a transaction of its own. */
  query(role: DbRole, statement: Statement): Promise<Row[]>;
  /** Statements of one transaction, sent in one flight. `check` sees every result and rolls back by throwing. */
  batch(role: DbRole, statements: Statement[], check?: (results: Row[][]) => void): Promise<Row[][]>;
  /** A transaction of several round trips, where what is asked depends on what was answered. */
  transaction<T>(role: DbRole, run: (orm: Orm) => Promise<T>): Promise<T>;
  close(): Promise<void>;
}

export interface DbOptions {
  url: string;
  appUrl?: string | undefined;
  reconcilerUrl?: string | undefined;
  connections: number;
  /** Told about every statement or transaction that failed. */
  metrics?: Pick<Metrics, 'databaseError'>;
}

/** Lazy: connects at the first call. Throws `unavailable` whenever Postgres cannot be reached. */
export function connect(options: DbOptions): Db {
  const pools = {
    app: open(options.appUrl ?? options.url, options.appUrl ? undefined : 'longshore_app', options.connections),
    reconciler: open(
      options.reconcilerUrl ?? options.url,
      options.reconcilerUrl ? undefined : 'longshore_reconciler',
      options.connections,
    ),
  };
  const orms = { app: drizzle(pools.app), reconciler: drizzle(pools.reconciler) };
  const send = (sql: postgres.Sql | postgres.TransactionSql, { text, params }: Statement) =>
    sql.unsafe<Row[]>(text, params as postgres.ParameterOrJSON<never>[], { prepare: true });

  const count = (kind: DatabaseError) => options.metrics?.databaseError(kind);
  return {
    query: (role, statement) => guarded(count, async () => await send(pools[role], statement)),
    batch: (role, statements, check) =>
      guarded(
        count,
        async () =>
          (await pools[role].begin(async (tx) => {
            const results = await Promise.all(statements.map((statement) => send(tx, statement)));
            check?.(results);
            return results;
          })) as Row[][],
      ),
    transaction: (role, run) => guarded(count, () => orms[role].transaction((tx) => run(tx as unknown as Orm))),
    close: async () => {
      await Promise.all([pools.app.end({ timeout: 5 }), pools.reconciler.end({ timeout: 5 })]);
    },
  };
}

/** Options for postgres.js from a URL; `?host=/dir` names a unix socket's folder, as libpq reads it. */
export function connectionOptions(url: string): postgres.Options<Record<string, never>> {
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

/** Logs in as the role itself on a trusted local socket; elsewhere the owner's login assumes it before its first statement. */
function open(url: string, role: string | undefined, max: number): postgres.Sql {
  const options = connectionOptions(url);
  const local = typeof options.host === 'string' && options.host.startsWith('/') && !options.password;
  const identity =
    role === undefined ? {} : local ? { username: role } : { connection: { ...options.connection, role } };
  return postgres({ ...options, ...identity, max, connect_timeout: 3, idle_timeout: 60, backoff: () => 0.2 });
}

const unreachable = new Set([
  ...[
    'ECONNREFUSED',
    'ECONNRESET',
    'ENOENT',
    'EPIPE',
    'ETIMEDOUT',
    'CONNECTION_CLOSED',
    'CONNECTION_ENDED',
    'CONNECTION_DESTROYED',
  ],
  ...['CONNECT_TIMEOUT', '57P01', '57P02', '57P03', '53300', '53400', '08000', '08003', '08006', '57014', '25P03'],
]);
const transient = new Set(['40001', '40P01']);
/** Text that Postgres cannot keep: NUL, and in jsonb half of a surrogate pair. */
const unstorable = new Set(['22021', '22P02', '22P05']);

/** Retries what Postgres asks to retry; names an outage and text that cannot be kept; lets everything else through. Violated constraints are no errors: they answer. */
async function guarded<T>(count: (kind: DatabaseError) => void, run: () => Promise<T>): Promise<T> {
  for (let attempt = 1; ; attempt++) {
    try {
      return await run();
    } catch (error) {
      const code = sqlState(error);
      if (code === null || code.startsWith('23')) throw error;
      if (transient.has(code) && attempt < 6) {
        count('retried');
        continue;
      }
      if (unreachable.has(code) || transient.has(code)) {
        count('unavailable');
        throw new AppError('unavailable', 'The database is not available', {
          cause: error,
          details: { retryAfterSeconds: 1 },
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

/** SQLSTATE or socket code of an error of the driver, looking through drizzle's wrapper. */
export function sqlState(error: unknown): string | null {
  if (!(error instanceof Error)) return null;
  if ('code' in error && typeof error.code === 'string' && !(error instanceof AppError)) return error.code;
  return error.cause === undefined ? null : sqlState(error.cause);
}
