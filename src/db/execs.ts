/** Commands in containers as rows, so that they can be started and asked about from any process. */
import { type SQL, sql } from 'drizzle-orm';
import type { Exec, ExecSpec } from '../domain/exec.ts';
import type { Actor } from '../domain/principal.ts';
import type { Db } from './client.ts';
import { writeEvents } from './events.ts';
import { execs } from './schema.ts';
import { json, param, prepare, selection } from './statements.ts';
import { prepareTenantRead, tenantBatch } from './tenancy.ts';

const selected = selection(execs, 'e');

/** Of the changed row `e`: an event of its container. The command stays in the row. */
const eventOf = (type: SQL, data: SQL): SQL => sql`changed as (
    select 'container' as kind, ${type} as type, c.id, c.name, ${data} as data
    from e join containers c on c.tenant_id = e.tenant_id and c.id = e.container_id),
  ${writeEvents()}`;
const execId = sql`jsonb_build_object('execId', e.id)`;

const insert = prepare(sql`with
  e as (insert into execs (tenant_id, id, container_id, spec)
    values (${param('tenantId', 'uuid')}, ${param('id', 'text')}, ${param('containerId', 'text')}, ${param('spec', 'jsonb')})
    returning *),
  ${eventOf(sql`'exec.created'`, execId)}
  select id from e`);

export async function insertExec(
  db: Db,
  { spec, actor, ...exec }: { tenantId: string; id: string; containerId: string; spec: ExecSpec; actor: Actor },
): Promise<void> {
  await tenantBatch(db, exec.tenantId, [insert({ ...exec, spec: json(spec), actor: json(actor) })]);
}

const byId = prepareTenantRead<{ tenantId: string; id: string }>(sql`
  select ${selected.columns} from execs e where e.tenant_id = s.v and e.id = ${param('id', 'text')}`);

export async function findExec(db: Db, tenantId: string, id: string): Promise<Exec | null> {
  const [row] = await db.query('app', byId({ tenantId, id }));
  return row ? selected.read(row) : null;
}

const begin = prepare(sql`with
  e as (update execs set state = 'running' where tenant_id = ${param('tenantId', 'uuid')} and id = ${param('id', 'text')}
    and state = 'created' returning *),
  ${eventOf(sql`'exec.started'`, execId)}
  select id from e`);

/** False when it was started before: a command runs once. */
export async function beginExec(db: Db, exec: { tenantId: string; id: string; actor: Actor }): Promise<boolean> {
  const [rows] = await tenantBatch(db, exec.tenantId, [begin({ ...exec, actor: json(exec.actor) })]);
  return rows?.length === 1;
}

/** How it ended is said once: whoever says it again, or otherwise, changes nothing. */
const end = prepare(sql`with
  e as (update execs set state = 'exited', exit_code = ${param('exitCode', 'int')}
    where tenant_id = ${param('tenantId', 'uuid')} and id = ${param('id', 'text')} and state <> 'exited' returning *),
  ${eventOf(sql`'exec.ended'`, sql`jsonb_build_object('execId', e.id, 'exitCode', e.exit_code)`)}
  select id from e`);

export async function endExec(
  db: Db,
  exec: { tenantId: string; id: string; exitCode: number | null; actor: Actor },
): Promise<void> {
  await tenantBatch(db, exec.tenantId, [end({ ...exec, actor: json(exec.actor) })]);
}
