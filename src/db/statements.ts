/**
 * SQL written with drizzle's `sql` and the schema's columns, compiled once and executed prepared: drizzle's own sessions
 * never prepare, which costs half of the throughput of the hot paths.
 */
import { fillPlaceholders, getTableColumns, type InferSelectModel, type SQL, sql, type Table } from 'drizzle-orm';
import { PgDialect } from 'drizzle-orm/pg-core';
import type { Row, Statement } from './client.ts';

const dialect = new PgDialect();

/** Compiles a template whose parameters are `sql.placeholder(name)`, when it is first used; the result binds values by those names. */
export function prepare<V extends Record<string, unknown>>(template: SQL): (values: V) => Statement {
  let compiled: { sql: string; params: unknown[] } | undefined;
  return (values) => {
    compiled ??= dialect.sqlToQuery(template);
    return { text: compiled.sql, params: fillPlaceholders(compiled.params, values) };
  };
}

/** Compiles a template built for one call, such as a list with its filters: never prepared, so planned for what it asks. */
export function statement(template: SQL): Statement {
  const { sql: text, params } = dialect.sqlToQuery(template);
  return { text, params, isFresh: true };
}

/** A placeholder with its Postgres type, which a prepared statement cannot always infer. */
export function param(name: string, type: string): SQL {
  return sql`${sql.placeholder(name)}::${sql.raw(type)}`;
}

export interface Selection<Model> {
  /** `alias.column as "alias.key", …` of each column. */
  columns: SQL;
  /** Takes the columns out of a row of such a select, decoded as drizzle would. */
  read(row: Row): Model;
}

/** The named columns, or all, of a table that a query calls `alias`. To be made once: it is on the path of every read. */
export function selection<T extends Table, K extends keyof InferSelectModel<T> = keyof InferSelectModel<T>>(
  table: T,
  alias: string,
  keys?: readonly K[],
): Selection<Pick<InferSelectModel<T>, K>> {
  const parts = Object.entries(getTableColumns(table))
    .filter(([key]) => keys === undefined || keys.includes(key as K))
    .map(([key, column]) => ({ key, name: `${alias}.${key}`, column }));
  const columns = parts.map(
    ({ name, column }) => sql`${sql.identifier(alias)}.${sql.identifier(column.name)} as ${sql.identifier(name)}`,
  );
  return {
    columns: sql.join(columns, sql`, `),
    read: (row) => {
      const model: Row = {};
      for (const { key, name, column } of parts) {
        const value = row[name];
        model[key] = value === null || value === undefined ? null : column.mapFromDriverValue(value);
      }
      return model as Pick<InferSelectModel<T>, K>;
    },
  };
}

/** A jsonb parameter: both drivers take it as text. */
export const json = (value: unknown): string | null =>
  value === null || value === undefined ? null : JSON.stringify(value);

/** A timestamptz parameter. */
export const timestamp = (value: Date | null): string | null => value?.toISOString() ?? null;
