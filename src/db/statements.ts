/**
 * SQL written with drizzle's `sql` and the schema's columns, compiled once and executed prepared: drizzle's own sessions
 * never prepare, which costs half of the throughput of the hot paths.
 */
import { fillPlaceholders, getTableColumns, type InferSelectModel, type SQL, sql, type Table } from 'drizzle-orm';
import { PgDialect } from 'drizzle-orm/pg-core';
import type { Row, Statement } from './client.ts';

const dialect = new PgDialect();

/** Compiles a template whose parameters are `sql.placeholder(name)`; the result binds values by those names. */
export function prepare<V extends Record<string, unknown>>(template: SQL): (values: V) => Statement {
  const { sql: text, params } = dialect.sqlToQuery(template);
  return (values) => ({ text, params: fillPlaceholders(params, values) });
}

/** Compiles a template built for one call. */
export function statement(template: SQL): Statement {
  const { sql: text, params } = dialect.sqlToQuery(template);
  return { text, params };
}

/** A placeholder with its Postgres type, which a prepared statement cannot always infer. */
export function param(name: string, type: string): SQL {
  return sql`${sql.placeholder(name)}::${sql.raw(type)}`;
}

/** `alias.column as "alias.key", …` of every column. Pairs with readRow. */
export function columnsOf(table: Table, alias: string): SQL {
  const list = Object.entries(getTableColumns(table)).map(
    ([key, column]) =>
      sql`${sql.identifier(alias)}.${sql.identifier(column.name)} as ${sql.identifier(`${alias}.${key}`)}`,
  );
  return sql.join(list, sql`, `);
}

/** Takes a table's columns out of a row that columnsOf named, decoded as drizzle would. */
export function readRow<T extends Table>(table: T, row: Row, alias: string): InferSelectModel<T> {
  const entries = Object.entries(getTableColumns(table)).map(([key, column]) => {
    const value = row[`${alias}.${key}`];
    return [key, value === null || value === undefined ? null : column.mapFromDriverValue(value)];
  });
  return Object.fromEntries(entries) as InferSelectModel<T>;
}

/** A jsonb parameter: both drivers take it as text. */
export const json = (value: unknown): string | null =>
  value === null || value === undefined ? null : JSON.stringify(value);

/** A timestamptz parameter. */
export const timestamp = (value: Date | null): string | null => value?.toISOString() ?? null;
