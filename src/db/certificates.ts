/** Client certificates. Looking one up precedes knowing the tenant, so that runs as the system; the rest as the tenant. */
import { type InferSelectModel, sql } from 'drizzle-orm';
import { AppError } from '../domain/errors.ts';
import { type Actor, type Role, SHARED_TENANT_ID } from '../domain/principal.ts';
import type { Db, Row } from './client.ts';
import { writeEvents } from './events.ts';
import { spendKeyRow } from './idempotency.ts';
import { checkGuard, claimValues, guarded, type KeyClaim, keyGuard } from './key-claim.ts';
import type { CredentialRecord } from './keys.ts';
import type { Page } from './paging.ts';
import { certificates } from './schema.ts';
import { json, param, prepare, selection, statement, timestamp } from './statements.ts';
import { prepareTenantRead, tenantBatch, tenantRead } from './tenancy.ts';

/** Says that the certificate is in use on the same way, at most once a minute. */
const lookUp = prepare(sql`with found as (
    select c.tenant_id as "tenantId", t.name as tenant, c.id as "keyId", c.role
    from certificates c join tenants t on t.id = c.tenant_id
    where c.id = ${param('id', 'text')} and c.revoked_at is null and t.deleting_at is null and c.not_after > longshore_now()),
  used as (update certificates c set last_used_at = longshore_now() from found f
    where c.tenant_id = f."tenantId" and c.id = f."keyId"
      and (c.last_used_at is null or c.last_used_at < longshore_now() - interval '1 minute'))
  select * from found`);

/** Null for unknown, revoked and expired ones, and for those of a tenant being deleted. @param id the fingerprint */
export async function findCertificate(db: Db, id: string): Promise<CredentialRecord | null> {
  const [row] = await db.query('reconciler', lookUp({ id }));
  return (row as unknown as CredentialRecord | undefined) ?? null;
}

export interface IssuedRow {
  id: string;
  serial: string;
  name: string;
  role: Role;
  pem: string;
  notAfter: Date;
}

/** Of certificates that a tenant has at a time and that are good. */
const MAX_LIVE = 1000;
const live = sql`revoked_at is null and not_after > longshore_now()`;

const issue = prepare(sql`with ${keyGuard},
  made as (insert into certificates (tenant_id, id, serial, name, role, pem, not_after)
    select ${param('tenantId', 'uuid')}, ${param('id', 'text')}, ${param('serial', 'text')}, ${param('name', 'text')},
      ${param('role', 'text')}, ${param('pem', 'text')}, ${param('notAfter', 'timestamptz')}
    where (select count(*) from certificates where tenant_id = ${param('tenantId', 'uuid')} and ${live}) < ${sql.raw(String(MAX_LIVE))}
    returning *),
  changed as (select 'certificate' as kind, 'issued' as type, id, name, jsonb_build_object('role', role, 'serial', serial) as data
    from made),
  ${writeEvents()}
  select ${guarded}, (select count(*) from made)::int as made`);

/**
 * Puts it on record: from then on it is good. Throws limit, and conflict when the idempotency key was taken over.
 * @param entry.claim of the tenant itself, or of the operator, whose keys are under another tenant's id
 */
export async function insertCertificate(
  db: Db,
  entry: { tenantId: string; certificate: IssuedRow; actor: Actor; claim: KeyClaim | null },
): Promise<void> {
  const { tenantId, certificate, actor, claim } = entry;
  const values = { ...certificate, tenantId, notAfter: timestamp(certificate.notAfter), actor: json(actor) };
  const check = (row: Row | undefined) => {
    if (row?.made !== 1)
      throw new AppError('limit', `A tenant has at most ${MAX_LIVE} certificates: revoke some first`);
  };
  if (actor.kind === 'operator') {
    const spend = spendKeyRow({ tenantId: SHARED_TENANT_ID, id: certificate.id, ...claimValues(claim) });
    await db.batch('reconciler', [spend, issue({ ...values, ...claimValues(null) })], ([spent, made]) => {
      checkGuard(spent?.[0], claim);
      check(made?.[0]);
    });
  } else {
    await tenantBatch(db, tenantId, [issue({ ...values, ...claimValues(claim) })], ([made]) => {
      checkGuard(made?.[0], claim);
      check(made?.[0]);
    });
  }
}

const { columns, read } = selection(certificates, 'c');

export type CertificateRecord = InferSelectModel<typeof certificates>;

/** Those that are good, newest first; at most page.limit + 1 rows, so that the caller sees whether there is more. */
export async function listCertificates(db: Db, tenantId: string, { limit, after }: Page): Promise<CertificateRecord[]> {
  const rest = after ? sql`and (c.created_at, c.id) < (${after.at}::timestamptz, ${after.id}::text)` : sql``;
  const select = sql`select ${columns} from certificates c where c.tenant_id = s.v and ${live} ${rest}
    order by c.created_at desc, c.id desc limit ${limit + 1}`;
  return (await db.query('app', statement(tenantRead(tenantId, select)))).map(read);
}

const byId = prepareTenantRead<{ tenantId: string; id: string }>(
  sql`select ${columns} from certificates c where c.tenant_id = s.v and c.id = ${param('id', 'text')}`,
);

/** Also one that is not good any more. */
export async function recallCertificate(db: Db, tenantId: string, id: string): Promise<CertificateRecord | null> {
  const [row] = await db.query('app', byId({ tenantId, id }));
  return row ? read(row) : null;
}

const revoke = prepare(sql`with
  gone as (update certificates set revoked_at = longshore_now()
    where tenant_id = ${param('tenantId', 'uuid')} and id = ${param('id', 'text')} and ${live} returning *),
  changed as (select 'certificate' as kind, 'revoked' as type, id, name, jsonb_build_object('serial', serial) as data from gone),
  ${writeEvents()}
  select id from gone`);

/** False when there is no such good one. */
export async function revokeCertificate(db: Db, tenantId: string, id: string, actor: Actor): Promise<boolean> {
  const [rows] = await tenantBatch(db, tenantId, [revoke({ tenantId, id, actor: json(actor) })]);
  return rows?.length === 1;
}
