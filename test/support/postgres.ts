/** A migrated database of its own for a test file; the file's name ends in `.pg.test.ts` or `.docker.test.ts`. */
import { randomBytes } from 'node:crypto';
import postgres from 'postgres';
import { inject } from 'vitest';
import { connectionOptions } from '../../src/db/client.ts';
import { onDatabase, templateName } from './postgres-cluster.ts';

export type TestDatabase = {
  /** The superuser's url: the owner of the tables, who may do anything. */
  url: string;
  close(): Promise<void>;
};

/** `close` removes the database and cuts off whoever still uses it. */
export async function testDatabase(): Promise<TestDatabase> {
  const cluster = inject('postgresUrl');
  const name = `t_${randomBytes(6).toString('hex')}`;
  const url = onDatabase(cluster, name);
  await administer(cluster, `create database ${name} template ${templateName}`);
  // Copies of one template would own each other's objects at the Engine, and clear them away.
  await administer(url, 'update installation set id = gen_random_uuid()');
  return {
    url,
    close: () => administer(cluster, `drop database if exists ${name} with (force)`),
  };
}

async function administer(url: string, statement: string): Promise<void> {
  const sql = postgres({ ...connectionOptions(url), max: 1 });
  try {
    await sql.unsafe(statement);
  } finally {
    await sql.end();
  }
}
