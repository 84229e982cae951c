/** How much a tenant has stored, as far as rows know. */
import { sql } from 'drizzle-orm';
import type { Db } from './client.ts';
import { prepareTenantRead } from './tenancy.ts';

const counts = prepareTenantRead<{ tenantId: string }>(sql`select
  (select count(*)::int from images where tenant_id = s.v) as images,
  (select coalesce(sum((details->>'sizeBytes')::float8), 0) from images where tenant_id = s.v) as "imageBytes",
  (select count(*)::int from containers where tenant_id = s.v and removed_at is null) as containers`);

export interface StoredCounts {
  images: number;
  imageBytes: number;
  containers: number;
}

export async function storedCounts(db: Db, tenantId: string): Promise<StoredCounts> {
  const [row] = await db.query('app', counts({ tenantId }));
  return row as unknown as StoredCounts;
}
