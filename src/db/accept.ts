/**
 * Accepting intent: the first of the four transactions. Everything that must be true together commits together: the
 * idempotency key's claim, the quota, the row, its operation and its event. Made of one statement each, as the tenant.
 */
import { type SQL, sql } from 'drizzle-orm';
import type { Container, Intent } from '../domain/container.ts';
import type { ContainerSpec } from '../domain/container-spec.ts';
import { AppError, notFound } from '../domain/errors.ts';
import type { NewEvent } from '../domain/event.ts';
import type { Attachment } from '../domain/network.ts';
import type { OperationKind } from '../domain/operation.ts';
import type { Actor } from '../domain/principal.ts';
import { type Claimed, isFree, leaseEnd, toClaimed } from './claims.ts';
import type { Db, Row } from './client.ts';
import { containerColumns } from './containers.ts';
import { writeEvents } from './events.ts';
import { usableImage } from './images.ts';
import { checkGuard, claimValues, guarded, type KeyClaim, keyGuard } from './key-claim.ts';
import { checkQuota, quotaVerdict } from './quotas.ts';
import { checkScheduled, mayAccept } from './schedule.ts';
import { sqlState } from './sql-state.ts';
import { json, param, prepare } from './statements.ts';
import { refuseUnless, tenantChange } from './tenancy.ts';
import { madeVolumes, makeVolumes, type NewVolume } from './volumes.ts';

/** A lease wanted together with what is accepted: saves the commit of a claim. Granted unless somebody holds one. */
export interface LeaseWish {
  /** Nobody else's, so that the row says whether it was granted. */
  owner: string;
  leaseSeconds: number;
  /** The background has a schedule, which must be on. */
  isScheduled: boolean;
}

export interface Accepted {
  container: Container;
  /** Null: somebody else holds the lease, and sees that there is more to do. */
  claimed: Claimed | null;
}

/** What `update containers` sets when intent comes. Due now would tell the holder of a lease that something came. */
const leased = sql`lease_owner = case when ${isFree} then ${param('owner', 'text')} else lease_owner end,
  fence = case when ${isFree} then fence + 1 else fence end,
  lease_until = case when ${isFree} then ${leaseEnd} else lease_until end,
  next_run_at = case when ${isFree} then ${leaseEnd} else longshore_now() end`;

function toAccepted(row: Row, { owner }: LeaseWish): Accepted {
  const claimed = toClaimed(row);
  return { container: claimed.container, claimed: row['c.leaseOwner'] === owner ? claimed : null };
}

export interface CreateIntent {
  tenantId: string;
  id: string;
  name: string;
  spec: ContainerSpec;
  imageId: string;
  start: boolean;
  provider: string;
  providerKey: string;
  operationId: string;
  actor: Actor;
  attachments: Attachment[];
  /** Made, where they are not there yet, together with the container. */
  volumes: (NewVolume & { position: number })[];
  claim: KeyClaim | null;
  wish: LeaseWish;
}

/** Both forms of a change: one that refuses to be unsound, and one that tells what is. A lost claim on the key is unsound, and so is a schedule that is off. */
function refusing(change: (verdict: (isSound: SQL) => SQL) => SQL) {
  const claimed = sql`(${param('key', 'text')} is null or exists (select from guard))`;
  const refuse = prepare(change((isSound) => refuseUnless(sql`${claimed} and ${mayAccept} and ${isSound}`)));
  const explain = prepare(change(() => sql`1 as granted, ${mayAccept} as scheduled`));
  return (values: Record<string, unknown>) => ({ refusing: refuse(values), explaining: explain(values) });
}

/** What was asked of the container `c`, as a row of `changed`. */
export const acceptedChange: SQL = sql`select 'container' as kind, 'accepted.' || ${param('kind', 'text')} as type, c.id, c.name,
  jsonb_build_object('generation', c.generation) as data from c`;

export const newOperation: SQL = sql`operation as (insert into operations (tenant_id, id, container_id, kind, generation, actor)
    select c.tenant_id, ${param('operationId', 'uuid')}, c.id, ${param('kind', 'text')}, c.generation, ${param('actor', 'jsonb')} from c)`;

const createContainer = refusing(
  (verdict) => sql`with ${keyGuard},
  image as (${usableImage}),
  quota as (update quotas set used = used + 1
    where tenant_id = ${param('tenantId', 'uuid')} and resource = 'containers' and used < lim returning used),
  c as (insert into containers
      (tenant_id, id, name, spec, image_id, attachments, desired, start_seq, stop_grace_seconds, lease_owner, fence,
      lease_until, next_run_at)
    select ${param('tenantId', 'uuid')}, ${param('id', 'text')}, ${param('name', 'text')}, ${param('spec', 'jsonb')},
      ${param('imageId', 'text')}, ${param('attachments', 'jsonb')}, ${param('desired', 'text')}, ${param('startSeq', 'int')}, ${param('graceSeconds', 'int')}, ${param('owner', 'text')}, 1,
      ${leaseEnd}, ${leaseEnd}
    from quota where exists (select from image) on conflict do nothing returning *),
  r as (insert into runs (tenant_id, container_id, incarnation, name, provider, provider_key)
    select c.tenant_id, c.id, 1, c.name, ${param('provider', 'text')}, ${param('providerKey', 'text')} from c returning *),
  n as (insert into container_networks (tenant_id, container_id, network_id)
    select c.tenant_id, c.id, x."networkId" from c, jsonb_to_recordset(c.attachments) as x("networkId" text)),
  ${makeVolumes},
  v as (insert into container_volumes (tenant_id, container_id, position, volume_name)
    select c.tenant_id, c.id, x.position, x.name from c,
      jsonb_to_recordset(${param('volumes', 'jsonb')}) as x(position int, name text)),
  changed as (${acceptedChange} union all ${madeVolumes}),
  ${writeEvents('quota', 'counted')},
  ${newOperation}
  select ${verdict(sql`exists (select from c) and (not exists (select from made) or exists (select from counted))`)},
    ${guarded}, (select count(*) from image)::int as images, (select used from quota) as used, ${quotaVerdict}, longshore_now() as now, ${containerColumns}
  from (select 1) one left join c on true left join r on true`,
);

/** Throws limit (quota), conflict (name taken, or the key was taken over), not_found (image, network or volume went away), ScheduleOff. */
export async function acceptCreate(db: Db, intent: CreateIntent): Promise<Accepted> {
  const values = {
    ...intent,
    ...intent.wish,
    ...claimValues(intent.claim),
    kind: 'create',
    desired: intent.start ? 'running' : 'created',
    startSeq: intent.start ? 1 : 0,
    graceSeconds: intent.spec.stop.graceSeconds,
    spec: json(intent.spec),
    actor: json(intent.actor),
    attachments: json(intent.attachments),
    volumes: json(intent.volumes),
  };
  const check = ([row]: Row[]) => {
    checkGuard(row, intent.claim);
    if (row?.images === 0) throw notFound('image', intent.spec.image);
    if (row?.used === null)
      throw new AppError('limit', 'The quota of containers is used up', { details: { resource: 'containers' } });
    checkQuota(row, 'volumes');
    if (row?.['c.id'] === null)
      throw new AppError('conflict', `The container name "${intent.name}" is already in use`, {
        details: { takenName: intent.name },
      });
    checkScheduled(row);
  };
  try {
    const [row] = await tenantChange(db, intent.tenantId, createContainer(values), check);
    return toAccepted(row ?? {}, intent.wish);
  } catch (error) {
    if (sqlState(error) === '23503')
      throw new AppError('not_found', 'A network or volume of the request was removed meanwhile', { cause: error });
    throw error;
  }
}

export interface VerbIntent extends Intent {
  tenantId: string;
  id: string;
  kind: OperationKind;
  /** Of the snapshot the rules were checked on: the change happens to it or not at all. */
  generation: number;
  /** The same, for a snapshot that was not read now; null = it was. */
  fence: number | null;
  /** What the event tells beside the verb. */
  facts: NewEvent['data'];
  operationId: string;
  actor: Actor;
  claim: KeyClaim | null;
  wish: LeaseWish;
}

const changeIntent = refusing(
  (verdict) => sql`with ${keyGuard},
  c as (update containers set generation = generation + 1, desired = ${param('desired', 'text')},
      start_seq = ${param('startSeq', 'int')}, stop_seq = ${param('stopSeq', 'int')}, stop_signal = ${param('stopSignal', 'text')},
      stop_grace_seconds = ${param('stopGraceSeconds', 'int')}, pending_signal = ${param('pendingSignal', 'text')},
      restart_suppressed = ${param('restartSuppressed', 'boolean')}, remove_volumes = ${param('removeVolumes', 'boolean')}, name = ${param('name', 'text')},
      spec = coalesce(${param('spec', 'jsonb')}, spec),
      ${leased}, attempts = 0
    where tenant_id = ${param('tenantId', 'uuid')} and id = ${param('id', 'text')}
      and generation = ${param('generation', 'int')} and fence = coalesce(${param('fence', 'bigint')}, fence)
      and removed_at is null returning *),
  changed as (select 'container' as kind, 'accepted.' || ${param('kind', 'text')} as type, c.id, c.name,
    jsonb_build_object('generation', c.generation) || ${param('facts', 'jsonb')} as data from c),
  ${writeEvents()},
  ${newOperation}
  select ${verdict(sql`exists (select from c)`)}, ${guarded}, longshore_now() as now, ${containerColumns}
  from (select 1) one left join c on true
  left join runs r on r.tenant_id = c.tenant_id and r.container_id = c.id and r.incarnation = c.incarnation`,
);

/** Null when the container changed since the snapshot: look again and decide anew. Throws conflict (rename to a taken name), ScheduleOff. */
export async function acceptVerb(db: Db, intent: VerbIntent): Promise<Accepted | null> {
  const { claim, actor, facts, kind } = intent;
  const spec = kind === 'update' ? json(intent.spec) : null;
  const values = { ...intent, ...intent.wish, ...claimValues(claim), facts: json(facts), actor: json(actor), spec };
  const stale = Symbol('stale');
  try {
    const [row] = await tenantChange(db, intent.tenantId, changeIntent(values), ([row]) => {
      checkGuard(row, intent.claim);
      if (row?.['c.id'] === null) throw stale;
      checkScheduled(row);
    });
    return toAccepted(row ?? {}, intent.wish);
  } catch (error) {
    if (error === stale) return null;
    if (sqlState(error) === '23505')
      throw new AppError('conflict', `The container name "${intent.name}" is already in use`, { cause: error });
    throw error;
  }
}
