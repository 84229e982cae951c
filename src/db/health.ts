/** Whether the database answers, and who this installation is. */
import { sql } from 'drizzle-orm';
import type { Db } from './client.ts';
import { statement } from './statements.ts';

/** Throws unavailable unless Postgres answers. */
export async function pingDatabase(db: Db): Promise<void> {
  await db.query('app', statement(sql`select 1`));
}

/** The id that marks everything this database owns at a provider. */
export async function installationId(db: Db): Promise<string> {
  const [row] = await db.query('reconciler', statement(sql`select id from installation`));
  return String(row?.id);
}
