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

/** The id that marks everything this database owns at a provider. */
export async function installationId(db: Db): Promise<string> {
  const [row] = await db.query('reconciler', statement(sql`select id from installation`));
  return String(row?.id);
}
