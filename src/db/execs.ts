/** Commands in containers as rows, so that they can be started and asked about from any process. */
import { sql } from 'drizzle-orm';
import type { Exec, ExecSpec } from '../domain/exec.ts';
import type { Db } from './client.ts';
import { execs } from './schema.ts';
import { json, param, prepare, selection } from './statements.ts';
import { prepareTenantRead, tenantBatch } from './tenancy.ts';

const selected = selection(execs, 'e');

const insert = prepare<{ tenantId: string; id: string; containerId: string; spec: string | null }>(sql`
  insert into execs (tenant_id, id, container_id, spec)
  values (${param('tenantId', 'uuid')}, ${param('id', 'text')}, ${param('containerId', 'text')}, ${param('spec', 'jsonb')})`);

export async function insertExec(
  db: Db,
  { tenantId, id, containerId, spec }: { tenantId: string; id: string; containerId: string; spec: ExecSpec },
): Promise<void> {
  await tenantBatch(db, tenantId, [insert({ tenantId, id, containerId, spec: json(spec) })]);
}

const byId = prepareTenantRead<{ tenantId: string; id: string }>(sql`
  select ${selected.columns} from execs e where e.tenant_id = s.v and e.id = ${param('id', 'text')}`);

export async function findExec(db: Db, tenantId: string, id: string): Promise<Exec | null> {
  const [row] = await db.query('app', byId({ tenantId, id }));
  return row ? selected.read(row) : null;
}

const begin = prepare<{ tenantId: string; id: string }>(sql`
  update execs set state = 'running' where tenant_id = ${param('tenantId', 'uuid')} and id = ${param('id', 'text')}
    and state = 'created' returning id`);

/** False when it was started before: a command runs once. */
export async function beginExec(db: Db, { tenantId, id }: { tenantId: string; id: string }): Promise<boolean> {
  const [rows] = await tenantBatch(db, tenantId, [begin({ tenantId, id })]);
  return rows?.length === 1;
}

const end = prepare<{ tenantId: string; id: string; exitCode: number | null }>(sql`
  update execs set state = 'exited', exit_code = ${param('exitCode', 'int')}
  where tenant_id = ${param('tenantId', 'uuid')} and id = ${param('id', 'text')}`);

export async function endExec(
  db: Db,
  { tenantId, id, exitCode }: { tenantId: string; id: string; exitCode: number | null },
): Promise<void> {
  await tenantBatch(db, tenantId, [end({ tenantId, id, exitCode })]);
}
