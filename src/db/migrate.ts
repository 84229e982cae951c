/** Applies the migrations as their owner. Safe to run twice and by two processes at once. */
import { fileURLToPath } from 'node:url';
import { drizzle } from 'drizzle-orm/postgres-js';
import { migrate as applyMigrations } from 'drizzle-orm/postgres-js/migrator';
import postgres from 'postgres';
import { connectionOptions } from './client.ts';

export const migrationsFolder = fileURLToPath(new URL('./migrations', import.meta.url));

/**
 * @param ownerUrl a login that may create tables and roles
 * Throws an Error that carries the database's own reason, which drizzle hides behind the statement.
 */
export async function migrate(ownerUrl: string): Promise<void> {
  const client = postgres({ ...connectionOptions(ownerUrl), max: 1, connect_timeout: 10 });
  try {
    await client`select pg_advisory_lock(7070000)`;
    await applyMigrations(drizzle(client), { migrationsFolder });
  } catch (error) {
    const { cause, message } = error as Error;
    throw new Error(`The database cannot be migrated: ${cause instanceof Error ? cause.message : message}`, {
      cause: error,
    });
  } finally {
    await client.end({ timeout: 5 });
  }
}
