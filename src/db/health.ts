/** Whether the database answers, and who this installation is. */
import { sql } from 'drizzle-orm';
import type { Db } from './client.ts';
import { prepare, statement } from './statements.ts';

/** Throws unavailable unless Postgres answers. */
export async function pingDatabase(db: Db): Promise<void> {
  await db.query('app', statement(sql`select 1`));
}

const oldestDue = prepare(sql`select extract(epoch from longshore_now() - min(next_run_at))::float8 as seconds
  from containers where next_run_at <= longshore_now()`);

/** How long the container that waits longest has been due, in seconds; 0 when none is. */
export async function dueLagSeconds(db: Db): Promise<number> {
  const [row] = await db.query('reconciler', oldestDue({}));
  return Number(row?.seconds ?? 0);
}

const nextDue = prepare(sql`select extract(epoch from min(next_run_at) - longshore_now())::float8 as seconds
  from containers where next_run_at is not null`);

/** When the next container is due, from now; below zero where one waits already, null when none will be. */
export async function nextDueSeconds(db: Db): Promise<number | null> {
  const [row] = await db.query('reconciler', nextDue({}));
  return row?.seconds === null || row?.seconds === undefined ? null : Number(row.seconds);
}

export interface Installation {
  /** Marks everything that this database owns at a provider. */
  id: string;
  /** For seals. No secret may be kept by it that must outlive the database. */
  sealKey: string;
}

export async function findInstallation(db: Db): Promise<Installation> {
  const [row] = await db.query('reconciler', statement(sql`select id, seal_key from installation`));
  return { id: String(row?.id), sealKey: String(row?.seal_key) };
}
