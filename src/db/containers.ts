/** Reading containers as their tenant: one round trip each. Writing is accept.ts (intent) and claims.ts (observations). */
import { type SQL, sql } from 'drizzle-orm';
import type { Container, ContainerStatus, ShownContainer } from '../domain/container.ts';
import { AppError } from '../domain/errors.ts';
import { idPrefix } from '../domain/image.ts';
import type { Db } from './client.ts';
import { labelsMatch } from './label-filter.ts';
import type { Page } from './paging.ts';
import { containers, runs } from './schema.ts';
import { param, type Selection, selection, statement } from './statements.ts';
import { statusFilter } from './status-filter.ts';
import { prepareTenantRead, tenantRead } from './tenancy.ts';

export const currentRun = sql`r.tenant_id = c.tenant_id and r.container_id = c.id and r.incarnation = c.incarnation`;

/** Of a container `c` and its run `r`. */
function withRun<C, R>(container: Selection<C>, run: Selection<R>): Selection<C & { run: R }> {
  return {
    columns: sql`${container.columns}, ${run.columns}`,
    read: (row) => ({ ...container.read(row), run: run.read(row) }),
  };
}

const whole: Selection<Container> = withRun(selection(containers, 'c'), selection(runs, 'r'));
export const { columns: containerColumns, read: toContainer } = whole;

export const shownContainer: Selection<ShownContainer> = withRun(
  selection(containers, 'c', [
    ...(['id', 'name', 'spec', 'imageId', 'attachments', 'desired', 'startSeq', 'generation'] as const),
    ...(['observedGeneration', 'lastError', 'createdAt', 'removedAt'] as const),
  ]),
  selection(runs, 'r', [
    ...(['phase', 'startedSeq', 'exitCode', 'oomKilled', 'failure', 'health', 'address', 'networks'] as const),
    ...(['ports', 'resources', 'startedAt', 'finishedAt', 'restartCount', 'restartAt'] as const),
  ]),
);

function findersOf<C extends ShownContainer>({ columns, read }: Selection<C>) {
  const byId = prepareTenantRead<{ tenantId: string; id: string }>(sql`
    select ${columns} from containers c join runs r on ${currentRun}
    where c.tenant_id = s.v and c.id = ${param('id', 'text')}`);

  /** Each branch is served by an index of its own: primary key, name, and the primary key's range for a prefix. */
  const byReference = prepareTenantRead<{ tenantId: string; reference: string; prefix: string | null }>(sql`
    select m.rank, ${columns} from (
      select 1 as rank, id from containers where tenant_id = s.v and id = ${param('reference', 'text')} and removed_at is null
      union all
      select 2, id from containers where tenant_id = s.v and name = ${param('reference', 'text')} and removed_at is null
      union all
      (select 3, id from containers where tenant_id = s.v and removed_at is null
        and id >= ${param('prefix', 'text')} and id < ${param('prefix', 'text')} || 'g' limit 2)
    ) m join containers c on c.tenant_id = s.v and c.id = m.id join runs r on ${currentRun} order by m.rank`);

  async function findById(db: Db, tenantId: string, id: string): Promise<C | null> {
    const [row] = await db.query('app', byId({ tenantId, id }));
    return row ? read(row) : null;
  }

  async function find(db: Db, tenantId: string, reference: string): Promise<C | null> {
    const prefix = idPrefix.test(reference) ? reference : null;
    if (prefix?.length === 64) {
      const found = await findById(db, tenantId, prefix);
      if (found) return found.removedAt === null ? found : null;
    }
    const [first, second] = await db.query('app', byReference({ tenantId, reference, prefix }));
    if (first?.rank === 3 && second) {
      throw new AppError('invalid', `Multiple IDs found with provided prefix: ${reference}`);
    }
    return first ? read(first) : null;
  }

  return { findById, find };
}

const { findById: findContainerById, find: findContainer } = findersOf(whole);
const { find: findShownContainer } = findersOf(shownContainer);

export {
  /** By id, name or unique prefix of an id, in this order, as Docker resolves them. Throws `invalid` when a prefix is ambiguous. */
  findContainer,
  /** By full id; tombstones included, so that waiting for a removal ends. */
  findContainerById,
  /** As findContainer. */
  findShownContainer,
};

export interface ContainerFilter {
  status?: ContainerStatus[] | undefined;
  /** Exact. */
  name?: string | undefined;
  /** The reference as the tenant wrote it, or the image's id. */
  image?: string | undefined;
  /** All must match; null = any value. */
  labels?: Record<string, string | null> | undefined;
}

function filterSql(filter: ContainerFilter): SQL {
  const parts = labelsMatch(sql`c.spec->'labels'`, filter.labels);
  if (filter.status) parts.push(statusFilter(filter.status));
  if (filter.name !== undefined) parts.push(sql`c.name = ${filter.name}`);
  if (filter.image !== undefined) parts.push(sql`(c.spec->>'image' = ${filter.image} or c.image_id = ${filter.image})`);
  return parts.length === 0 ? sql`true` : sql.join(parts, sql` and `);
}

/** Newest first; at most page.limit + 1 rows, so that the caller sees whether there is more. */
export async function listContainers(
  db: Db,
  tenantId: string,
  filter: ContainerFilter,
  page: Page,
): Promise<ShownContainer[]> {
  const after = page.after
    ? sql`(c.created_at, c.id) < (${page.after.at}::timestamptz, ${page.after.id}::text)`
    : sql`true`;
  const rows = await db.query(
    'app',
    statement(
      tenantRead(
        tenantId,
        sql`select ${shownContainer.columns} from containers c join runs r on ${currentRun}
            where c.tenant_id = s.v and c.removed_at is null and ${after} and ${filterSql(filter)}
            order by c.created_at desc, c.id desc limit ${page.limit + 1}`,
      ),
    ),
  );
  return rows.map(shownContainer.read);
}
