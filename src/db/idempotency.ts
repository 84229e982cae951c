/** Idempotency keys: who may act under one, and what is answered to those who come again. */
import { and, eq, sql } from 'drizzle-orm';
import { SHARED_TENANT_ID } from '../domain/principal.ts';
import type { Db } from './client.ts';
import { checkGuard, claimValues, guarded, type KeyClaim, keyGuard } from './key-claim.ts';
import { idempotencyKeys } from './schema.ts';
import { param, prepare } from './statements.ts';
import { type SystemTx, tenantBatch } from './tenancy.ts';

export type KeyState =
  /** Act now, under this attempt. */
  | { kind: 'mine'; attempt: number }
  /** An attempt before a crash had its effect; answer from the resource. */
  | { kind: 'accepted'; attempt: number; resource: string }
  | { kind: 'done'; status: number; body: string }
  | { kind: 'busy' }
  | { kind: 'mismatch' };

export interface KeyRequest {
  tenantId: string;
  route: string;
  key: string;
  requestHash: string;
  /** How long others hold off before they take over. */
  lockSeconds: number;
}

const where = sql`tenant_id = ${param('tenantId', 'uuid')} and route = ${param('route', 'text')} and key = ${param('key', 'text')}`;
const lockedUntil = sql`longshore_now() + make_interval(secs => ${param('lockSeconds', 'float8')})`;

const claimKeyRow = prepare(sql`with made as (
    insert into idempotency_keys (tenant_id, route, key, request_hash, state, locked_until)
    values (${param('tenantId', 'uuid')}, ${param('route', 'text')}, ${param('key', 'text')}, ${param('requestHash', 'text')}, 'in_progress', ${lockedUntil})
    on conflict do nothing returning attempt),
  taken as (
    update idempotency_keys set attempt = attempt + 1, locked_until = ${lockedUntil}
    where ${where} and request_hash = ${param('requestHash', 'text')} and state <> 'done' and locked_until <= longshore_now()
    returning attempt, state, resource)
  select made.attempt as made, taken.attempt as taken, taken.state as "takenState", taken.resource,
    old.request_hash as hash, old.state, old.status, old.body
  from (select 1) one left join made on true left join taken on true
  left join idempotency_keys old on old.tenant_id = ${param('tenantId', 'uuid')} and old.route = ${param('route', 'text')}
    and old.key = ${param('key', 'text')}`);

export async function claimKey(db: Db, request: KeyRequest): Promise<KeyState> {
  const [rows] = await tenantBatch(db, request.tenantId, [claimKeyRow({ ...request })]);
  const row = rows?.[0];
  if (row?.made != null) return { kind: 'mine', attempt: Number(row.made) };
  if (row?.taken != null) {
    const attempt = Number(row.taken);
    return row.takenState === 'accepted'
      ? { kind: 'accepted', attempt, resource: String(row.resource) }
      : { kind: 'mine', attempt };
  }
  // Made by another transaction after this statement's snapshot: it is being worked on.
  if (row?.hash == null) return { kind: 'busy' };
  if (row.hash !== request.requestHash) return { kind: 'mismatch' };
  return row.state === 'done' ? { kind: 'done', status: Number(row.status), body: String(row.body) } : { kind: 'busy' };
}

/** For a batch that has the effect: give its row to checkGuard. */
export const spendKeyRow = prepare(sql`with ${keyGuard} select ${guarded}`);

/** For an effect outside of the database: spends the claim on the resource `id` before it. Throws conflict when it was lost. */
export async function spendKey(db: Db, tenantId: string, claim: KeyClaim, id: string): Promise<void> {
  const statement = spendKeyRow({ tenantId, id, ...claimValues(claim) });
  await tenantBatch(db, tenantId, [statement], ([rows]) => checkGuard(rows?.[0], claim));
}

/** For an effect of the operator: spends the claim in the transaction that has it. Throws conflict when it was lost. */
export async function spendOperatorKey(tx: SystemTx, claim: KeyClaim | null, id: string): Promise<void> {
  if (claim === null) return;
  const mine = and(
    eq(idempotencyKeys.tenantId, SHARED_TENANT_ID),
    eq(idempotencyKeys.route, claim.route),
    eq(idempotencyKeys.key, claim.key),
    eq(idempotencyKeys.attempt, claim.attempt),
    eq(idempotencyKeys.state, 'in_progress'),
  );
  const spent = await tx.update(idempotencyKeys).set({ state: 'accepted', resource: id }).where(mine).returning();
  checkGuard({ guarded: spent.length }, claim);
}

const renewKeyRow = prepare(sql`update idempotency_keys set locked_until = ${lockedUntil}
  where ${where} and attempt = ${param('attempt', 'int')} and state <> 'done' returning 1`);

/** Keeps others off for longer. False = another attempt has taken over, or there is an answer. */
export async function renewKey(db: Db, tenantId: string, claim: KeyClaim, lockSeconds: number): Promise<boolean> {
  const [rows] = await tenantBatch(db, tenantId, [renewKeyRow({ tenantId, ...claim, lockSeconds })]);
  return rows?.length === 1;
}

const finishKeyRow =
  prepare(sql`update idempotency_keys set state = 'done', status = ${param('status', 'int')}, body = ${param('body', 'text')}
  where ${where} and attempt = ${param('attempt', 'int')} and (state = 'accepted' or ${param('succeeded', 'boolean')})`);
const dropKeyRow = prepare(
  sql`delete from idempotency_keys where ${where} and attempt = ${param('attempt', 'int')} and state = 'in_progress'`,
);
const unlockKeyRow = prepare(sql`update idempotency_keys set locked_until = longshore_now()
  where ${where} and attempt = ${param('attempt', 'int')} and state = 'accepted'`);

/**
 * Stores the answer. A refusal that came before any effect frees the key instead; after a server error the key stays
 * with its effect, if it had one, and the next request answers from that.
 */
export async function finishKey(
  db: Db,
  tenantId: string,
  claim: KeyClaim,
  answer: { status: number; body: string },
): Promise<void> {
  const at = { tenantId, ...claim };
  const drop = dropKeyRow(at);
  if (answer.status >= 500) await tenantBatch(db, tenantId, [unlockKeyRow(at), drop]);
  else await tenantBatch(db, tenantId, [finishKeyRow({ ...at, ...answer, succeeded: answer.status < 400 }), drop]);
}
