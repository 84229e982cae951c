/**
 * The real migrations and SQL on a Postgres inside this process, behind the interface of src/db/client.ts: same roles, same
 * row-level security, one transaction per call. Its time is what the caller says. One session: transactions never overlap.
 */
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { PGlite } from '@electric-sql/pglite';
import { drizzle } from 'drizzle-orm/pglite';
import type { Db, DbRole, Orm, Row, Statement } from '../../src/db/client.ts';
import { migrationsFolder } from '../../src/db/migrate.ts';

export interface PgliteDb extends Db {
  /** What longshore_now() answers from the next statement on, in milliseconds since the epoch. */
  setNow(ms: number): void;
  /** As the owner, past all policies; several statements allowed. For setting up, looking and cleaning. */
  asOwner(sql: string): Promise<Row[]>;
  /** From now on reset() comes back to what there is now. */
  keep(): Promise<void>;
  /** Takes back every change since keep(), and their pages, so that what follows does not depend on what was there. */
  reset(): Promise<void>;
  /** Takes what the database said by RAISE NOTICE since the last call. */
  takeNotices(): string[];
}

/** Takes seconds: a fresh database with all migrations. @param extraSql run by the owner at the end */
export async function openPglite(extraSql: string): Promise<PgliteDb> {
  let notices: string[] = [];
  const pg = new PGlite();
  await pg.waitReady;
  for (const statement of migrations()) await pg.exec(statement);
  await pg.exec(`
    create or replace function longshore_now() returns timestamptz language sql stable parallel safe
      as $$ select current_setting('simulation.now')::timestamptz $$;
    set plan_cache_mode = force_generic_plan;
    set timezone = 'UTC';
    ${extraSql}`);

  const tables = (
    await pg.query<{ name: string }>("select tablename as name from pg_tables where schemaname = 'public'")
  ).rows
    .map(({ name }) => name)
    .filter((name) => name !== 'installation');
  let kept: string[] = [];
  const orm = drizzle({ client: pg }) as unknown as Orm;
  const prepared = new Map<string, string>();
  let now = '';
  let session = { role: '', now: '' };
  let tail: Promise<unknown> = Promise.resolve();

  /** Calls wait for each other: the session has one transaction at a time. */
  function exclusively<T>(run: () => Promise<T>): Promise<T> {
    const result = tail.then(run);
    tail = result.catch(() => undefined);
    return result;
  }
  /** SQL that brings the session to a role and the present time, empty when it is there. A failure may undo it: then assume nothing. */
  function become(role: DbRole | 'none'): string {
    const sql =
      (session.role === role ? '' : `set role ${role === 'none' ? role : `longshore_${role}`};`) +
      (session.now === now ? '' : `set simulation.now = '${now}';`);
    session = { role, now };
    return sql;
  }
  /** The rows of the last statement. */
  const execute = async (sql: string): Promise<Row[]> => (await executeAll(sql)).at(-1) ?? [];
  async function executeAll(sql: string): Promise<Row[][]> {
    try {
      const results = await pg.exec(sql, { onNotice: ({ message }) => void notices.push(message ?? '') });
      return results.map(({ rows }) => rows as Row[]);
    } catch (error) {
      session = { role: '', now: '' };
      throw error;
    }
  }
  /** Statements are prepared once, so that their plans are made once. */
  async function callOf(role: DbRole, { text, params }: Statement): Promise<string> {
    const known = `${role} ${text}`;
    let name = prepared.get(known);
    if (name === undefined) {
      name = `s${prepared.size}`;
      await execute(`${become(role)} prepare ${name} as ${text}`);
      prepared.set(known, name);
    }
    return params.length === 0 ? `execute ${name}` : `execute ${name}(${params.map(literal).join(',')})`;
  }
  async function inTransaction<T>(role: DbRole, run: () => Promise<T>): Promise<T> {
    await execute(`${become(role)} begin`);
    try {
      const result = await run();
      await execute('commit');
      return result;
    } catch (error) {
      await execute('rollback');
      throw error;
    }
  }

  return {
    query: (role, statement) =>
      exclusively(async () => {
        const call = await callOf(role, statement);
        return execute(become(role) + call);
      }),
    batch: (role, statements, check) =>
      exclusively(async () => {
        const calls: string[] = [];
        for (const statement of statements) calls.push(await callOf(role, statement));
        // Fewer ways into the database cost less: everything up to what the caller wants to see at once.
        try {
          const results = await executeAll(`${become(role)} begin; ${calls.join(';')}${check ? '' : '; commit'}`);
          const own = check ? results.slice(-calls.length) : results.slice(-calls.length - 1, -1);
          check?.(own);
          if (check) await execute('commit');
          return own;
        } catch (error) {
          await execute('rollback');
          throw error;
        }
      }),
    transaction: (role, run) => exclusively(() => inTransaction(role, () => run(orm))),
    close: () => pg.close(),
    setNow: (ms) => {
      now = new Date(ms).toISOString();
    },
    asOwner: (sql) => exclusively(() => execute(become('none') + sql)),
    keep: () =>
      exclusively(async () => {
        kept = [];
        await execute(`${become('none')} drop schema if exists kept cascade; create schema kept`);
        for (const table of tables) {
          const [row] = await execute(`create table kept.${table} as table ${table}; select from ${table} limit 1`);
          if (row) kept.push(table);
        }
      }),
    reset: () =>
      exclusively(async () => {
        // What was never written to has no page.
        const sizes = tables.map((table) => `pg_relation_size('${table}') > 0 as ${table}`);
        const [isUsed = {}] = await execute(`${become('none')} select ${sizes.join(',')}`);
        const used = tables.filter((table) => isUsed[table] === true);
        if (used.length === 0) return;
        // No triggers: neither foreign keys, so that any order will do, nor those of the caller.
        const empty = used.map((table) => `delete from ${table};`).join('');
        const refill = kept.map((table) => `insert into ${table} table kept.${table};`).join('');
        await execute(
          `${become('none')} set session_replication_role = replica; ${empty} set session_replication_role = origin`,
        );
        await execute(`vacuum (index_cleanup on, truncate on) ${used.join(',')}`);
        await execute(`set session_replication_role = replica; ${refill} set session_replication_role = origin`);
      }),
    takeNotices: () => {
      const taken = notices;
      notices = [];
      return taken;
    },
  };
}

function migrations(): string[] {
  const files = readdirSync(migrationsFolder).filter((name) => name.endsWith('.sql'));
  return files
    .sort()
    .flatMap((name) => readFileSync(join(migrationsFolder, name), 'utf8').split('--> statement-breakpoint'));
}

/** Untyped: Postgres reads it as the type of its parameter. */
function literal(value: unknown): string {
  if (value === null || value === undefined) return 'null';
  const text = Array.isArray(value) ? arrayText(value) : value instanceof Date ? value.toISOString() : String(value);
  const quoted = `'${text.replaceAll("'", "''")}'`;
  return text.includes('\\') ? ` E${quoted.replaceAll('\\', '\\\\')}` : quoted;
}

function arrayText(values: unknown[]): string {
  const items = values.map((item) => (item === null ? 'NULL' : `"${String(item).replace(/["\\]/g, '\\$&')}"`));
  return `{${items.join(',')}}`;
}
