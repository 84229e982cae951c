/** What was asked of containers and how it ended. */
import { and, desc, eq, sql } from 'drizzle-orm';
import type { Failure } from '../domain/container.ts';
import type { Operation } from '../domain/operation.ts';
import type { Db } from './client.ts';
import type { Page } from './paging.ts';
import { operations } from './schema.ts';
import { withTenant } from './tenancy.ts';

/** Newest first; at most page.limit + 1. */
export function listOperations(db: Db, tenantId: string, containerId: string, page: Page): Promise<Operation[]> {
  const { createdAt, id } = operations;
  return withTenant(db, tenantId, (tx) =>
    tx
      .select()
      .from(operations)
      .where(
        and(
          eq(operations.tenantId, tenantId),
          eq(operations.containerId, containerId),
          page.after ? sql`(${createdAt}, ${id}) < (${page.after.at}::timestamptz, ${page.after.id}::uuid)` : undefined,
        ),
      )
      .orderBy(desc(createdAt), desc(id))
      .limit(page.limit + 1),
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
