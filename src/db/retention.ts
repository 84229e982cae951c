/** Deletes what has outlived its use, in bounded bites. Crosses tenants: the sweeper's work. */
import { type SQL, sql } from 'drizzle-orm';
import type { Db } from './client.ts';
import { param, prepare } from './statements.ts';

const BITE = 5000;
/** Whoever wants to know how a command ended asks soon. */
const EXEC_HOURS = 24;
/** Nobody will tell any more how it ended: who spoke with it is gone. */
const UNENDED_EXEC_DAYS = 30;
/** Of each kind in one pass: a minute's worth of rows, however fast tenants make them. */
const BITES = 200;

const purge = (table: string, condition: SQL) =>
  prepare<{ hours: number }>(sql`delete from ${sql.identifier(table)} where ctid = any(array(
    select ctid from ${sql.identifier(table)} where ${condition} limit ${sql.raw(String(BITE))})) returning 1`);
const age = sql`longshore_now() - make_interval(hours => ${param('hours', 'int')})`;

const purges = {
  events: purge('events', sql`at < ${age}`),
  operations: purge('operations', sql`finished_at < ${age}`),
  idempotency: purge('idempotency_keys', sql`created_at < ${age}`),
  tombstones: purge('containers', sql`removed_at < ${age}`),
  certificates: purge('certificates', sql`not_after < ${age} or revoked_at < ${age}`),
  tickets: purge('tickets', sql`expires_at < ${age}`),
  execs: purge(
    'execs',
    sql`created_at < ${age} and (state <> 'running' or created_at < longshore_now() - make_interval(days => ${sql.raw(String(UNENDED_EXEC_DAYS))}))`,
  ),
};

/** @param hours how long each kind is kept; answers how many rows went, between two bites of which it may be stopped */
export async function purgeExpired(
  db: Db,
  hours: { events: number; operations: number; idempotency: number; tombstones: number },
  signal?: AbortSignal,
): Promise<number> {
  let purged = 0;
  for (const [kind, statementFor] of Object.entries(purges)) {
    const keep = { ...hours, certificates: hours.tombstones, tickets: 0, execs: EXEC_HOURS }[
      kind as keyof typeof purges
    ];
    for (let bites = 0; bites < BITES && !signal?.aborted; bites++) {
      const { length } = await db.query('reconciler', statementFor({ hours: keep }));
      purged += length;
      if (length < BITE) break;
    }
  }
  return purged;
}
