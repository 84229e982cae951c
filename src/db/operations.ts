/** What was asked of containers and how it ended. */
import { and, desc, eq } from 'drizzle-orm';
import type { Failure } from '../domain/container.ts';
import type { Operation } from '../domain/operation.ts';
import type { Db } from './client.ts';
import { operations } from './schema.ts';
import { withTenant } from './tenancy.ts';

/** Newest first, at most 100. */
export function listOperations(db: Db, tenantId: string, containerId: string): Promise<Operation[]> {
  return withTenant(db, tenantId, (tx) =>
    tx
      .select()
      .from(operations)
      .where(and(eq(operations.tenantId, tenantId), eq(operations.containerId, containerId)))
      .orderBy(desc(operations.generation))
      .limit(100),
  );
}

/** Why it failed; null when it did not, or not yet. */
export async function operationOutcome(db: Db, tenantId: string, id: string): Promise<Failure | null> {
  const [row] = await withTenant(db, tenantId, (tx) =>
    tx
      .select({ failure: operations.failure })
      .from(operations)
      .where(and(eq(operations.tenantId, tenantId), eq(operations.id, id))),
  );
  return row?.failure ?? null;
}
