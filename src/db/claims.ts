/**
 * Claim, record and release: the reconciler's transactions, one statement each. The fence grows with every claim, and a
 * record under an older fence changes nothing: a worker that slept past its lease cannot write. A claimed row is due again
 * when its lease ends (the worker may die); due earlier than that means that intent or a hint came meanwhile.
 */
import { type SQL, sql } from 'drizzle-orm';
import type { Container, Failure, Run } from '../domain/container.ts';
import type { NewEvent } from '../domain/event.ts';
import { systemActor } from '../domain/principal.ts';
import type { Db, Row } from './client.ts';
import { containerColumns, toContainer } from './containers.ts';
import { after } from './events.ts';
import { json, param, prepare, timestamp } from './statements.ts';

export interface Claimed {
  container: Container;
  fence: number;
  /** Database time of the claim. */
  now: Date;
  leaseUntil: Date;
}

/** Of a row of `containers`: nobody holds it. */
export const isFree = sql`(lease_until is null or lease_until < longshore_now())`;
/** When a lease that is taken or extended now ends. */
export const leaseEnd = sql`longshore_now() + make_interval(secs => ${param('leaseSeconds', 'float8')})`;

const claimWhere = (condition: SQL, order: SQL) => sql`with due as (
    select tenant_id, id from containers
    where ${condition} and removed_at is null and ${isFree}
    ${order} for update skip locked),
  c as (update containers set lease_owner = ${param('owner', 'text')}, fence = fence + 1,
      lease_until = ${leaseEnd},
      next_run_at = ${leaseEnd}
    from due where containers.tenant_id = due.tenant_id and containers.id = due.id returning containers.*)
  select longshore_now() as now, ${containerColumns} from c join runs r
    on r.tenant_id = c.tenant_id and r.container_id = c.id and r.incarnation = c.incarnation`;

const claimOne = prepare(
  claimWhere(sql`tenant_id = ${param('tenantId', 'uuid')} and id = ${param('id', 'text')}`, sql``),
);
const claimNext = prepare(
  claimWhere(sql`next_run_at <= longshore_now()`, sql`order by next_run_at limit ${param('limit', 'int')}`),
);

export const toClaimed = (row: Row): Claimed => ({
  container: toContainer(row),
  fence: Number(row['c.fence']),
  now: new Date(row.now as string),
  leaseUntil: new Date(row['c.leaseUntil'] as string),
});

/** Null when somebody else holds it or it is gone. */
export async function claim(
  db: Db,
  at: { tenantId: string; id: string; owner: string; leaseSeconds: number },
): Promise<Claimed | null> {
  const [row] = await db.query('reconciler', claimOne(at));
  return row ? toClaimed(row) : null;
}

/** Up to `limit` containers that are due, the longest waiting first. */
export async function claimDue(db: Db, at: { owner: string; leaseSeconds: number; limit: number }): Promise<Claimed[]> {
  return (await db.query('reconciler', claimNext(at))).map(toClaimed);
}

const extendLease = prepare(sql`update containers
  set lease_until = ${leaseEnd},
    next_run_at = case when next_run_at < lease_until then next_run_at
      else ${leaseEnd} end
  where tenant_id = ${param('tenantId', 'uuid')} and id = ${param('id', 'text')} and fence = ${param('fence', 'bigint')}
    and removed_at is null returning 1`);

/** Keeps a claim while the provider works. False = the fence is old. */
export async function renewLease(
  db: Db,
  at: { tenantId: string; id: string; fence: number; leaseSeconds: number },
): Promise<boolean> {
  return (await db.query('reconciler', extendLease(at))).length > 0;
}

export interface RunRecord {
  container: Container;
  fence: number;
  run: Run;
  events: Pick<NewEvent, 'type' | 'cause' | 'actor' | 'data'>[];
  /** The tombstone: frees the quota and the names it held. Not written when intent came meanwhile, which nobody would look at. */
  removed: boolean;
  /** Delivered: cleared unless a newer one was asked for meanwhile. */
  signalDelivered: boolean;
  lastError: Failure | null;
  attempts: number;
  /** Null keeps the lease for another step, extended by leaseSeconds. */
  release: {
    /** Null = nothing to do until intent or a hint comes. Ignored if one came meanwhile: then it is due now. */
    afterSeconds: number | null;
    /** The generation is settled: its operations end, in success or with this failure. */
    settled: boolean;
    failure: Failure | null;
  } | null;
  leaseSeconds: number;
}

export interface Recorded extends Claimed {
  /** Provider keys of the anonymous volumes whose rows went with the container. */
  droppedVolumes: string[];
}

const none = { writes: sql``, news: sql``, order: sql``, dropped: sql`'[]'::jsonb` };

const burial = {
  writes: sql`quota as (update quotas q set used = used - 1 from c
    where q.tenant_id = c.tenant_id and q.resource = 'containers' returning q.used),
  unlinked as (delete from container_networks l using c
    where l.tenant_id = c.tenant_id and l.container_id = c.id),
  unmounted as (delete from container_volumes l using c
    where l.tenant_id = c.tenant_id and l.container_id = c.id returning l.tenant_id, l.volume_name),
  dropped as (delete from volumes v using unmounted u, c
    where (c.remove_volumes or (c.spec->>'autoRemove')::boolean) and v.tenant_id = u.tenant_id and v.name = u.volume_name and v.anonymous
      and not exists (select from container_volumes o where o.tenant_id = v.tenant_id and o.volume_name = v.name and o.container_id <> c.id)
    returning v.name, v.provider_key),
  volume_quota as (update quotas q set used = used - (select count(*) from dropped) from c
    where exists (select from dropped) and q.tenant_id = c.tenant_id and q.resource = 'volumes' ${after('quota')} returning q.used),`,
  news: sql`union all
    select 'volume', name, name, 'removed', 'container removed', ${param('systemActor', 'jsonb')}, '{}'::jsonb from dropped`,
  order: after('quota', 'volume_quota'),
  dropped: sql`(select coalesce(jsonb_agg(provider_key), '[]') from dropped)`,
};

/** @param tombstone the parts that only a removal needs: each would cost every other record its share */
const recording = (tombstone: typeof none) =>
  prepare(sql`with c as (
    update containers set incarnation = ${param('incarnation', 'int')},
      observed_generation = case when ${param('settled', 'boolean')} then ${param('generation', 'int')} else observed_generation end,
      attempts = case when generation = ${param('generation', 'int')} then ${param('attempts', 'int')} else 0 end,
      last_error = ${param('lastError', 'jsonb')},
      pending_signal = case when ${param('signalDelivered', 'boolean')} and generation = ${param('generation', 'int')} then null else pending_signal end,
      removed_at = case when ${param('removed', 'boolean')} then longshore_now() end,
      lease_owner = case when ${param('release', 'boolean')} then null else lease_owner end,
      lease_until = case when ${param('release', 'boolean')} then null
        else ${leaseEnd} end,
      next_run_at = case
        when ${param('removed', 'boolean')} then null
        when next_run_at < lease_until then next_run_at
        when not ${param('release', 'boolean')} then ${leaseEnd}
        else longshore_now() + make_interval(secs => ${param('afterSeconds', 'float8')}) end
    where tenant_id = ${param('tenantId', 'uuid')} and id = ${param('id', 'text')} and fence = ${param('fence', 'bigint')}
      and removed_at is null and (not ${param('removed', 'boolean')} or generation = ${param('generation', 'int')}) returning *),
  r as (insert into runs (tenant_id, container_id, incarnation, name, provider, provider_key, handle, phase, started_seq, stopped_seq,
      exit_code, oom_killed, failure, health, address, networks, ports, resources, started_at, finished_at, observed_version, observed_at,
      absent_since, stop_requested_at, restart_count, restart_streak, restart_at)
    select c.tenant_id, c.id, x.* from c, jsonb_to_record(${param('run', 'jsonb')}) as x(
      incarnation int, name text, provider text, "providerKey" text, handle text, phase text, "startedSeq" int, "stoppedSeq" int,
      "exitCode" int, "oomKilled" boolean, failure jsonb, health text, address text, networks jsonb, ports jsonb, resources jsonb, "startedAt" timestamptz,
      "finishedAt" timestamptz, "observedVersion" bigint, "observedAt" timestamptz, "absentSince" timestamptz,
      "stopRequestedAt" timestamptz, "restartCount" int, "restartStreak" int, "restartAt" timestamptz)
    on conflict (tenant_id, container_id, incarnation) do update set
      name = excluded.name, handle = excluded.handle, phase = excluded.phase, started_seq = excluded.started_seq, stopped_seq = excluded.stopped_seq,
      exit_code = excluded.exit_code, oom_killed = excluded.oom_killed, failure = excluded.failure, health = excluded.health,
      address = excluded.address, networks = excluded.networks, ports = excluded.ports, resources = excluded.resources, started_at = excluded.started_at, finished_at = excluded.finished_at,
      observed_version = excluded.observed_version, observed_at = excluded.observed_at, absent_since = excluded.absent_since,
      stop_requested_at = excluded.stop_requested_at, restart_count = excluded.restart_count, restart_streak = excluded.restart_streak,
      restart_at = excluded.restart_at
    where runs.observed_version <= excluded.observed_version
    returning *),
  operation as (update operations o set finished_at = longshore_now(),
      failure = ${param('failure', 'jsonb')},
      state = case when o.generation < ${param('generation', 'int')} then 'superseded'
        when ${param('failure', 'jsonb')} is null then 'succeeded' else 'failed' end
    from c where ${param('settled', 'boolean')} and o.tenant_id = c.tenant_id and o.container_id = c.id
      and o.state = 'accepted' and o.generation <= ${param('generation', 'int')}),
  ${tombstone.writes}
  news as (select row_number() over () as n, all_news.* from (
    select 'container' as kind, c.id as resource, c.name, x.* from c, jsonb_to_recordset(${param('events', 'jsonb')}) as x(
      type text, cause text, actor jsonb, data jsonb)
    ${tombstone.news}) all_news),
  head as (update tenant_heads h set event_seq = event_seq + (select count(*) from news) from c
    where h.tenant_id = c.tenant_id and exists (select from news) ${tombstone.order} returning event_seq),
  event as (insert into events (tenant_id, seq, kind, type, resource_id, name, actor, cause, data)
    select c.tenant_id, head.event_seq - (select count(*) from news) + news.n, news.kind, news.type, news.resource, news.name,
      news.actor, news.cause, news.data from c, head, news)
  select longshore_now() as now, ${tombstone.dropped} as dropped, ${containerColumns}
  from c join r on true`);

const recordRun = recording(none);
const buryRun = recording(burial);

/** The state after the record, with whatever intent came meanwhile; null = the fence is old, drop everything, or see `removed`. */
export async function record(db: Db, entry: RunRecord): Promise<Recorded | null> {
  const { container, run, release } = entry;
  const values = {
    tenantId: container.tenantId,
    id: container.id,
    fence: entry.fence,
    generation: container.generation,
    incarnation: run.incarnation,
    run: json({
      ...run,
      startedAt: timestamp(run.startedAt),
      finishedAt: timestamp(run.finishedAt),
      observedAt: timestamp(run.observedAt),
      absentSince: timestamp(run.absentSince),
      stopRequestedAt: timestamp(run.stopRequestedAt),
      restartAt: timestamp(run.restartAt),
    }),
    events: json(entry.events),
    systemActor: json(systemActor),
    removed: entry.removed,
    signalDelivered: entry.signalDelivered,
    lastError: json(entry.lastError),
    attempts: entry.attempts,
    release: release !== null,
    afterSeconds: release?.afterSeconds ?? null,
    settled: release?.settled ?? false,
    failure: json(release?.failure ?? null),
    leaseSeconds: entry.leaseSeconds,
  };
  const [row] = await db.query('reconciler', (entry.removed ? buryRun : recordRun)(values));
  return row ? { ...toClaimed(row), droppedVolumes: row.dropped as string[] } : null;
}

const nudgeContainer = prepare(sql`update containers set next_run_at = least(next_run_at, longshore_now())
  where id = ${param('id', 'text')} and removed_at is null returning tenant_id`);

/** A hint came: due now. Answers whose it is; null when no such container lives. */
export async function nudge(db: Db, id: string): Promise<string | null> {
  const [row] = await db.query('reconciler', nudgeContainer({ id }));
  return row ? String(row.tenant_id) : null;
}
