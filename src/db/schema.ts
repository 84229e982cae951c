/**
 * Tables, indexes and row-level-security policies. FORCE ROW LEVEL SECURITY, grants and functions are hand-written SQL
 * beside the generated migrations, because drizzle-kit emits none of them.
 * All tables in one file, although it is long: what refers to what is seen here at a glance.
 * tenant_id leads every key; foreign keys carry it, since Postgres checks them past row-level security.
 */
import { sql } from 'drizzle-orm';
import {
  boolean,
  check,
  doublePrecision,
  foreignKey,
  index,
  integer,
  jsonb,
  pgTable,
  primaryKey,
  text,
  uniqueIndex,
  uuid,
} from 'drizzle-orm/pg-core';
import type { Desired, Failure, Health, Phase, PublishedPort } from '../domain/container.ts';
import type { ContainerSpec, Resources } from '../domain/container-spec.ts';
import type { EventKind } from '../domain/event.ts';
import type { ExecSpec, ExecState } from '../domain/exec.ts';
import type { ImageConfig, ImageDetails } from '../domain/image.ts';
import type { Attachment, Endpoint, Ipam } from '../domain/network.ts';
import type { OperationKind, OperationState } from '../domain/operation.ts';
import type { Actor, Role } from '../domain/principal.ts';
import type { QuotaResource } from '../domain/quota.ts';
import type { RequestBucket } from '../domain/request-buckets.ts';
import { at, bigNumber, createdAt, idText, sharedPolicy, tenantId, tenantPolicies } from './schema-parts.ts';

const tenantReference = () => tenantId().references(() => tenants.id);

export const installation = pgTable('installation', {
  /** Marks everything that this database owns at a provider. */
  id: uuid('id').primaryKey().defaultRandom(),
  /** Known to nobody outside: what is sealed with it was said by this installation. */
  sealKey: uuid('seal_key').notNull().defaultRandom(),
  createdAt: createdAt(),
});

export const tenants = pgTable(
  'tenants',
  {
    id: uuid('id').primaryKey(),
    name: text('name').notNull(),
    createdAt: createdAt(),
    /** Set when its deletion was accepted; the row goes when nothing of it is left anywhere. */
    deletingAt: at('deleting_at'),
  },
  (table) => [uniqueIndex('tenants_name').on(table.name)],
);

/** One row a tenant: the number of its newest event. Locked last in a transaction, so that numbers commit in order. */
export const tenantHeads = pgTable(
  'tenant_heads',
  { tenantId: tenantReference().primaryKey(), eventSeq: bigNumber('event_seq').notNull().default(0) },
  () => tenantPolicies('tenant_heads'),
);

export const apiKeys = pgTable(
  'api_keys',
  {
    tenantId: tenantReference(),
    id: text('id').notNull(),
    name: text('name').notNull(),
    role: text('role').$type<Role>().notNull(),
    secretHash: text('secret_hash').notNull(),
    createdAt: createdAt(),
    expiresAt: at('expires_at'),
    revokedAt: at('revoked_at'),
    lastUsedAt: at('last_used_at'),
  },
  (table) => [
    primaryKey({ columns: [table.tenantId, table.id] }),
    index('api_keys_id').on(table.id),
    ...tenantPolicies('api_keys'),
  ],
);

/** Client certificates that were issued. The private keys were never here. */
export const certificates = pgTable(
  'certificates',
  {
    tenantId: tenantReference(),
    /** SHA-256 of the DER in hex. */
    id: idText('id').notNull(),
    serial: text('serial').notNull(),
    name: text('name').notNull(),
    role: text('role').$type<Role>().notNull(),
    pem: text('pem').notNull(),
    createdAt: createdAt(),
    notAfter: at('not_after').notNull(),
    revokedAt: at('revoked_at'),
    lastUsedAt: at('last_used_at'),
  },
  (table) => [
    primaryKey({ columns: [table.tenantId, table.id] }),
    index('certificates_id').on(table.id),
    index('certificates_end').on(table.notAfter),
    ...tenantPolicies('certificates'),
  ],
);

/** Single-use stand-ins for a key where a browser cannot send a header. */
export const tickets = pgTable(
  'tickets',
  {
    tenantId: tenantReference(),
    secretHash: text('secret_hash').notNull(),
    keyId: text('key_id').notNull(),
    role: text('role').$type<Role>().notNull(),
    expiresAt: at('expires_at').notNull(),
  },
  (table) => [
    primaryKey({ columns: [table.tenantId, table.secretHash] }),
    index('tickets_hash').on(table.secretHash),
    index('tickets_expiry').on(table.expiresAt),
    ...tenantPolicies('tickets'),
  ],
);

export const quotas = pgTable(
  'quotas',
  {
    tenantId: tenantReference(),
    resource: text('resource').$type<QuotaResource>().notNull(),
    used: integer('used').notNull().default(0),
    lim: integer('lim').notNull(),
  },
  (table) => [
    primaryKey({ columns: [table.tenantId, table.resource] }),
    check('quotas_used', sql`${table.used} >= 0`),
    ...tenantPolicies('quotas'),
  ],
);

/** Token buckets; processes lease blocks of tokens from them. */
export const rateBuckets = pgTable(
  'rate_buckets',
  {
    tenantId: tenantReference(),
    class: text('class').notNull(),
    tokens: doublePrecision('tokens').notNull(),
    refilledAt: at('refilled_at').notNull(),
  },
  (table) => [primaryKey({ columns: [table.tenantId, table.class] }), ...tenantPolicies('rate_buckets')],
);

/** Of the provider's request limits, which all tenants have together; see domain/request-buckets.ts. No tenant's session reads it. */
export const requestBuckets = pgTable('request_buckets', {
  name: text('name').primaryKey(),
  version: bigNumber('version').notNull(),
  bucket: jsonb('bucket').$type<RequestBucket>().notNull(),
});

/** One row: whether what wakes the background where no process does is switched on; see db/schedule.ts. Of it tenants' sessions read that. */
export const schedule = pgTable('schedule', {
  id: boolean('id').primaryKey().default(true),
  state: text('state').$type<'on' | 'closing' | 'off'>().notNull(),
  /** Grows with every change of the state. */
  version: bigNumber('version').notNull(),
  changedAt: at('changed_at').notNull().default(sql`longshore_now()`),
  /** When somebody was woken, or the state became `on`. */
  heardAt: at('heard_at').notNull().default(sql`longshore_now()`),
});

/** When each part of a sweep was begun last, so that one that is cut short keeps no other waiting. */
export const sweepTurns = pgTable('sweep_turns', {
  part: text('part').primaryKey(),
  begunAt: at('begun_at').notNull(),
});

export const idempotencyKeys = pgTable(
  'idempotency_keys',
  {
    /** Operator requests use the shared tenant's id. */
    tenantId: tenantReference(),
    route: text('route').notNull(),
    key: text('key').notNull(),
    requestHash: text('request_hash').notNull(),
    /** in_progress: nothing happened yet; accepted: the effect committed; done: the answer is stored. */
    state: text('state').$type<'in_progress' | 'accepted' | 'done'>().notNull(),
    /** Fences takers-over: an effect commits only under the attempt that still holds the key. */
    attempt: integer('attempt').notNull().default(1),
    lockedUntil: at('locked_until').notNull(),
    /** What the effect made or changed, to answer from after a crash. */
    resource: text('resource'),
    status: integer('status'),
    body: text('body'),
    createdAt: createdAt(),
  },
  (table) => [
    primaryKey({ columns: [table.tenantId, table.route, table.key] }),
    index('idempotency_keys_age').on(table.createdAt),
    ...tenantPolicies('idempotency_keys'),
  ],
);

export const images = pgTable(
  'images',
  {
    tenantId: tenantReference(),
    id: idText('id').notNull(),
    details: jsonb('details').$type<ImageDetails & { config: ImageConfig }>().notNull(),
    repoDigests: jsonb('repo_digests').$type<string[]>().notNull().default([]),
    pulledAt: at('pulled_at').notNull().default(sql`longshore_now()`),
  },
  (table) => [
    primaryKey({ columns: [table.tenantId, table.id] }),
    index('images_page').on(table.tenantId, table.pulledAt.desc().nullsFirst(), table.id.desc().nullsFirst()),
    ...tenantPolicies('images'),
    sharedPolicy('images'),
  ],
);

export const imageTags = pgTable(
  'image_tags',
  {
    tenantId: tenantId(),
    repository: text('repository').notNull(),
    tag: text('tag').notNull(),
    imageId: idText('image_id').notNull(),
  },
  (table) => [
    primaryKey({ columns: [table.tenantId, table.repository, table.tag] }),
    foreignKey({ columns: [table.tenantId, table.imageId], foreignColumns: [images.tenantId, images.id] }).onDelete(
      'cascade',
    ),
    index('image_tags_image').on(table.tenantId, table.imageId),
    ...tenantPolicies('image_tags'),
    sharedPolicy('image_tags'),
  ],
);

export const networks = pgTable(
  'networks',
  {
    tenantId: tenantReference(),
    id: idText('id').notNull(),
    name: text('name').notNull(),
    labels: jsonb('labels').$type<Record<string, string>>().notNull(),
    internal: boolean('internal').notNull().default(false),
    attachable: boolean('attachable').notNull().default(false),
    ipam: jsonb('ipam').$type<Ipam>(),
    isDefault: boolean('is_default').notNull().default(false),
    providerKey: text('provider_key').notNull(),
    createdAt: createdAt(),
  },
  (table) => [
    primaryKey({ columns: [table.tenantId, table.id] }),
    uniqueIndex('networks_name').on(table.tenantId, table.name),
    index('networks_page').on(table.tenantId, table.createdAt.desc().nullsFirst(), table.id.desc().nullsFirst()),
    ...tenantPolicies('networks'),
  ],
);

export const volumes = pgTable(
  'volumes',
  {
    tenantId: tenantReference(),
    name: idText('name').notNull(),
    labels: jsonb('labels').$type<Record<string, string>>().notNull(),
    anonymous: boolean('anonymous').notNull().default(false),
    providerKey: text('provider_key').notNull(),
    createdAt: createdAt(),
  },
  (table) => [
    primaryKey({ columns: [table.tenantId, table.name] }),
    index('volumes_page').on(table.tenantId, table.createdAt.desc().nullsFirst(), table.name.desc().nullsFirst()),
    ...tenantPolicies('volumes'),
  ],
);

export const containers = pgTable(
  'containers',
  {
    tenantId: tenantReference(),
    id: idText('id').notNull(),
    name: text('name').notNull(),
    spec: jsonb('spec').$type<ContainerSpec>().notNull(),
    imageId: idText('image_id').notNull(),
    /** With the row, so that it is read as of one generation; container_networks says the same where a network must not go. */
    attachments: jsonb('attachments').$type<Attachment[]>().notNull().default([]),
    /** Written by services only. */
    desired: text('desired').$type<Desired>().notNull(),
    generation: integer('generation').notNull().default(1),
    startSeq: integer('start_seq').notNull().default(0),
    stopSeq: integer('stop_seq').notNull().default(0),
    stopSignal: text('stop_signal'),
    stopGraceSeconds: integer('stop_grace_seconds').notNull(),
    pendingSignal: text('pending_signal'),
    restartSuppressed: boolean('restart_suppressed').notNull().default(false),
    /** Its anonymous volumes go with it. */
    removeVolumes: boolean('remove_volumes').notNull().default(false),
    /** Written by reconcile only, under the fence. */
    observedGeneration: integer('observed_generation').notNull().default(0),
    incarnation: integer('incarnation').notNull().default(1),
    leaseOwner: text('lease_owner'),
    leaseUntil: at('lease_until'),
    fence: bigNumber('fence').notNull().default(0),
    nextRunAt: at('next_run_at'),
    attempts: integer('attempts').notNull().default(0),
    lastError: jsonb('last_error').$type<Failure>(),
    createdAt: createdAt(),
    /** The tombstone: set once every incarnation is confirmed gone. */
    removedAt: at('removed_at'),
  },
  (table) => [
    primaryKey({ columns: [table.tenantId, table.id] }),
    uniqueIndex('containers_name').on(table.tenantId, table.name).where(sql`removed_at is null`),
    index('containers_page')
      .on(table.tenantId, table.createdAt.desc().nullsFirst(), table.id.desc().nullsFirst())
      .where(sql`removed_at is null`),
    index('containers_due').on(table.nextRunAt).where(sql`next_run_at is not null`),
    index('containers_id').on(table.id),
    index('containers_tombstones').on(table.removedAt).where(sql`removed_at is not null`),
    index('containers_image').on(table.tenantId, table.imageId).where(sql`removed_at is null`),
    ...tenantPolicies('containers'),
  ],
);

export const runs = pgTable(
  'runs',
  {
    tenantId: tenantId(),
    containerId: idText('container_id').notNull(),
    incarnation: integer('incarnation').notNull(),
    name: text('name').notNull(),
    provider: text('provider').notNull(),
    providerKey: text('provider_key').notNull(),
    handle: text('handle'),
    phase: text('phase').$type<Phase>().notNull().default('pending'),
    startedSeq: integer('started_seq').notNull().default(0),
    stoppedSeq: integer('stopped_seq').notNull().default(0),
    exitCode: integer('exit_code'),
    oomKilled: boolean('oom_killed').notNull().default(false),
    failure: jsonb('failure').$type<Failure>(),
    health: text('health').$type<Health>().notNull().default('none'),
    address: text('address'),
    networks: jsonb('networks').$type<Record<string, Endpoint>>(),
    ports: jsonb('ports').$type<PublishedPort[]>().notNull().default([]),
    resources: jsonb('resources').$type<Resources>(),
    startedAt: at('started_at'),
    finishedAt: at('finished_at'),
    observedVersion: bigNumber('observed_version').notNull().default(0),
    observedAt: at('observed_at'),
    absentSince: at('absent_since'),
    stopRequestedAt: at('stop_requested_at'),
    restartCount: integer('restart_count').notNull().default(0),
    restartStreak: integer('restart_streak').notNull().default(0),
    restartAt: at('restart_at'),
    createdAt: createdAt(),
  },
  (table) => [
    primaryKey({ columns: [table.tenantId, table.containerId, table.incarnation] }),
    foreignKey({
      columns: [table.tenantId, table.containerId],
      foreignColumns: [containers.tenantId, containers.id],
    }).onDelete('cascade'),
    index('runs_observed').on(table.observedAt).where(sql`phase in ('running', 'paused')`),
    ...tenantPolicies('runs'),
  ],
);

/** The version of the latest event of the provider's about a run that made it due; see db/provider-events.ts. No tenant's session reads it. */
export const runHints = pgTable(
  'run_hints',
  {
    tenantId: tenantId(),
    containerId: idText('container_id').notNull(),
    incarnation: integer('incarnation').notNull(),
    version: bigNumber('version').notNull(),
  },
  (table) => [
    primaryKey({ columns: [table.tenantId, table.containerId, table.incarnation] }),
    foreignKey({
      columns: [table.tenantId, table.containerId, table.incarnation],
      foreignColumns: [runs.tenantId, runs.containerId, runs.incarnation],
    }).onDelete('cascade'),
    ...tenantPolicies('run_hints'),
  ],
);

/** Keeps a network from going while a container belongs on it. */
export const containerNetworks = pgTable(
  'container_networks',
  {
    tenantId: tenantId(),
    containerId: idText('container_id').notNull(),
    networkId: idText('network_id').notNull(),
  },
  (table) => [
    primaryKey({ columns: [table.tenantId, table.containerId, table.networkId] }),
    foreignKey({
      columns: [table.tenantId, table.containerId],
      foreignColumns: [containers.tenantId, containers.id],
    }).onDelete('cascade'),
    foreignKey({ columns: [table.tenantId, table.networkId], foreignColumns: [networks.tenantId, networks.id] }),
    index('container_networks_network').on(table.tenantId, table.networkId),
    ...tenantPolicies('container_networks'),
  ],
);

export const containerVolumes = pgTable(
  'container_volumes',
  {
    tenantId: tenantId(),
    containerId: idText('container_id').notNull(),
    /** Which of the spec's mounts it serves. */
    position: integer('position').notNull(),
    volumeName: idText('volume_name').notNull(),
  },
  (table) => [
    primaryKey({ columns: [table.tenantId, table.containerId, table.position] }),
    foreignKey({
      columns: [table.tenantId, table.containerId],
      foreignColumns: [containers.tenantId, containers.id],
    }).onDelete('cascade'),
    foreignKey({ columns: [table.tenantId, table.volumeName], foreignColumns: [volumes.tenantId, volumes.name] }),
    index('container_volumes_volume').on(table.tenantId, table.volumeName),
    ...tenantPolicies('container_volumes'),
  ],
);

/** Commands that were, are or will be run in a container. */
export const execs = pgTable(
  'execs',
  {
    tenantId: tenantId(),
    id: idText('id').notNull(),
    containerId: idText('container_id').notNull(),
    spec: jsonb('spec').$type<ExecSpec>().notNull(),
    state: text('state').$type<ExecState>().notNull().default('created'),
    exitCode: integer('exit_code'),
    createdAt: createdAt(),
  },
  (table) => [
    primaryKey({ columns: [table.tenantId, table.id] }),
    foreignKey({
      columns: [table.tenantId, table.containerId],
      foreignColumns: [containers.tenantId, containers.id],
    }).onDelete('cascade'),
    index('execs_container').on(table.tenantId, table.containerId),
    index('execs_age').on(table.createdAt),
    ...tenantPolicies('execs'),
  ],
);

export const operations = pgTable(
  'operations',
  {
    tenantId: tenantId(),
    id: uuid('id').notNull(),
    containerId: idText('container_id').notNull(),
    kind: text('kind').$type<OperationKind>().notNull(),
    generation: integer('generation').notNull(),
    state: text('state').$type<OperationState>().notNull().default('accepted'),
    failure: jsonb('failure').$type<Failure>(),
    actor: jsonb('actor').$type<Actor>().notNull(),
    createdAt: createdAt(),
    finishedAt: at('finished_at'),
  },
  (table) => [
    primaryKey({ columns: [table.tenantId, table.id] }),
    foreignKey({
      columns: [table.tenantId, table.containerId],
      foreignColumns: [containers.tenantId, containers.id],
    }).onDelete('cascade'),
    index('operations_page').on(
      table.tenantId,
      table.containerId,
      table.createdAt.desc().nullsFirst(),
      table.id.desc().nullsFirst(),
    ),
    index('operations_open').on(table.tenantId, table.containerId).where(sql`state = 'accepted'`),
    index('operations_age').on(table.finishedAt),
    ...tenantPolicies('operations'),
  ],
);

export const events = pgTable(
  'events',
  {
    tenantId: tenantReference(),
    seq: bigNumber('seq').notNull(),
    at: at('at').notNull().default(sql`longshore_now()`),
    kind: text('kind').$type<EventKind>().notNull(),
    type: text('type').notNull(),
    resourceId: text('resource_id').notNull(),
    name: text('name').notNull(),
    actor: jsonb('actor').$type<Actor>().notNull(),
    cause: text('cause').notNull(),
    data: jsonb('data').$type<Record<string, string | number | boolean | null>>().notNull(),
  },
  (table) => [
    primaryKey({ columns: [table.tenantId, table.seq] }),
    index('events_age').on(table.at),
    ...tenantPolicies('events'),
  ],
);

/** Objects at the provider that no row explains, and how often they were seen. Not a tenant's: no tenant may read it. */
export const strays = pgTable(
  'strays',
  {
    kind: text('kind').notNull(),
    key: text('key').notNull(),
    firstSeenAt: at('first_seen_at').notNull().default(sql`longshore_now()`),
    sightings: integer('sightings').notNull().default(1),
  },
  (table) => [primaryKey({ columns: [table.kind, table.key] })],
);
