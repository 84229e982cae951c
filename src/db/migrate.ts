/** Applies the migrations as their owner. Safe to run twice and by two processes at once: the second waits, and has nothing to do. */
import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { drizzle } from 'drizzle-orm/postgres-js';
import { migrate as applyMigrations } from 'drizzle-orm/postgres-js/migrator';
import postgres from 'postgres';
import { connectionOptions } from './client.ts';

export const migrationsFolder = fileURLToPath(new URL('./migrations', import.meta.url));

export interface Migrated {
  /** Names of the migrations that were applied just now, in their order. */
  applied: string[];
  /** The latest one that the database has. */
  latest: string;
}

interface JournalEntry {
  tag: string;
  /** What drizzle remembers it by. */
  when: number;
}

/**
 * @param ownerUrl a login that may create tables and roles
 * @param connectSeconds how long the database may take to answer
 * Throws an Error that carries the database's own reason, which drizzle hides behind the statement.
 */
export async function migrate(ownerUrl: string, connectSeconds = 10): Promise<Migrated> {
  const client = postgres({ ...connectionOptions(ownerUrl), max: 1, connect_timeout: connectSeconds });
  try {
    await client`select pg_advisory_lock(7070000)`;
    const before = await latestOf(client);
    await applyMigrations(drizzle(client), { migrationsFolder });
    const after = await latestOf(client);
    const { entries } = JSON.parse(readFileSync(`${migrationsFolder}/meta/_journal.json`, 'utf8')) as {
      entries: JournalEntry[];
    };
    const applied = entries.filter(({ when }) => when > before && when <= after).map(({ tag }) => tag);
    return {
      applied,
      latest: entries.find(({ when }) => when === after)?.tag ?? 'a later one than this version knows',
    };
  } catch (error) {
    const { cause, message } = error as Error;
    throw new Error(`The database cannot be migrated: ${cause instanceof Error ? cause.message : message}`, {
      cause: error,
    });
  } finally {
    await client.end({ timeout: 5 });
  }
}

/** 0 for an empty database. */
async function latestOf(client: postgres.Sql): Promise<number> {
  const [table] = await client`select to_regclass('drizzle.__drizzle_migrations') as name`;
  if (!table?.name) return 0;
  const [row] = await client`select max(created_at) as latest from drizzle.__drizzle_migrations`;
  return Number(row?.latest ?? 0);
}
