/**
 * The two ways into the database. A tenant's statement sets the tenant and is walled by row-level security besides its own
 * `tenant_id = …`; a system's statement crosses tenants and states why. The brands keep one from being used for the other.
 */
import { type SQL, sql } from 'drizzle-orm';
import type { Db, Orm, Row, Statement } from './client.ts';
import { refusal, sqlState } from './sql-state.ts';
import { param, prepare } from './statements.ts';

declare const brand: unique symbol;
export type TenantTx = Orm & { readonly [brand]: 'tenant' };
export type SystemTx = Orm & { readonly [brand]: 'system' };

const setTenant = prepare<{ tenantId: string }>(
  sql`select set_config('app.tenant_id', ${param('tenantId', 'text')}, true)`,
);

/** A transaction as one tenant. Never hold it across a provider call. */
export function withTenant<T>(db: Db, tenantId: string, run: (tx: TenantTx) => Promise<T>): Promise<T> {
  return db.transaction('app', async (orm) => {
    await orm.execute(sql`select set_config('app.tenant_id', ${tenantId}, true)`);
    return run(orm as TenantTx);
  });
}

/** A transaction across tenants. @param _reason why it may cross them, for the reader */
export function withSystem<T>(db: Db, _reason: string, run: (tx: SystemTx) => Promise<T>): Promise<T> {
  return db.transaction('reconciler', (orm) => run(orm as SystemTx));
}

/** Statements of one transaction as one tenant, in one flight. */
export async function tenantBatch(
  db: Db,
  tenantId: string,
  statements: Statement[],
  check?: (results: Row[][]) => void,
): Promise<Row[][]> {
  const results = await db.batch(
    'app',
    [setTenant({ tenantId }), ...statements],
    check && ((all) => check(all.slice(1))),
  );
  return results.slice(1);
}

/** A column that makes its statement fail, and take back all of it, unless the condition holds: SQL's own way to refuse. */
export const refuseUnless = (condition: SQL): SQL => sql`1 / (case when ${condition} then 1 else 0 end) as granted`;

/**
 * A statement with `refuseUnless` as one tenant. It commits without waiting for us, so that what it locks, which every request
 * of the tenant needs, is free as soon as it is on disk. After a refusal it runs once more to be told why by `check`.
 */
export async function tenantChange(
  db: Db,
  tenantId: string,
  statements: { refusing: Statement; explaining: Statement },
  check: (rows: Row[]) => void,
): Promise<Row[]> {
  try {
    const [rows] = await tenantBatch(db, tenantId, [statements.refusing]);
    return rows ?? [];
  } catch (error) {
    if (sqlState(error) !== refusal) throw error;
  }
  const [rows] = await tenantBatch(db, tenantId, [statements.explaining], ([found]) => check(found ?? []));
  return rows ?? [];
}

/**
 * A read as one tenant in one round trip: the CTE sets the tenant, and only then does the lateral subquery run. It refers to
 * the tenant as `s.v`. `offset 0` keeps the planner from merging it with the outer query: merged, it is free to evaluate a
 * policy, which looks for the same tenant in the setting, before the CTE has set it, and the read finds nothing.
 */
const underTenant = (tenantId: SQL, select: SQL): SQL => sql`with s as materialized (
    select set_config('app.tenant_id', ${tenantId}, true)::uuid as v
  ) select k.* from s cross join lateral (select q.* from (${select}) q offset 0) k`;

/** `select` refers to the tenant as `s.v` and to its other parameters by name. */
export function prepareTenantRead<V extends { tenantId: string }>(select: SQL): (values: V) => Statement {
  return prepare<V>(underTenant(param('tenantId', 'text'), select));
}

/** The same for a query built for one call; `select` refers to the tenant as `s.v`. */
export const tenantRead = (tenantId: string, select: SQL): SQL => underTenant(sql`${tenantId}`, select);
