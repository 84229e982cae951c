/** The composition root: settings become the one Deps of a process. */
import { readFile } from 'node:fs/promises';
import { hostname } from 'node:os';
import type { Config } from './config.ts';
import type { Deps } from './context.ts';
import { connect, type Db } from './db/client.ts';
import { findInstallation, type Installation } from './db/health.ts';
import type { Credentials } from './db/login.ts';
import { sharedBuckets } from './db/request-buckets.ts';
import type { CertificateAuthority } from './domain/certificate.ts';
import { sha256, systemClock, systemIds } from './domain/clock.ts';
import type { Metrics } from './domain/metrics.ts';
import { createPlaces } from './domain/places.ts';
import { createSnapshots } from './domain/snapshots.ts';
import { createWakeups } from './domain/wakeups.ts';
import { createLog } from './log.ts';
import { createMetrics } from './metrics.ts';
import { createProvider } from './providers/registry.ts';
import { timed } from './providers/timed.ts';
import { scheduleRule } from './schedule-rule.ts';

/** Of containers: enough for what clients do with one after the other. */
const SNAPSHOTS = 64;

/** Where the database is, and who knows the password when that does not say it. */
export interface DatabaseLogin {
  url: string;
  credentials?: Credentials | undefined;
}

/** Connects to the database to learn the installation's id. The caller closes `deps.db`. @param login unless DATABASE_URL says all of it */
export async function buildDeps(config: Config, login?: DatabaseLogin): Promise<Deps> {
  const authority = await readAuthority(config);
  const metrics = createMetrics();
  const db = connect({
    ...(login ?? loginOf(config)),
    appUrl: config.LONGSHORE_APP_DATABASE_URL,
    reconcilerUrl: config.LONGSHORE_RECONCILER_DATABASE_URL,
    connections: config.LONGSHORE_DATABASE_CONNECTIONS,
    sessions: config.LONGSHORE_DATABASE_PREPARE,
    waitSeconds: config.LONGSHORE_DATABASE_WAIT_SECONDS,
    metrics,
  });
  try {
    return await assembleDeps(config, { db, metrics, installation: await findInstallation(db), authority });
  } catch (error) {
    await db.close();
    throw error;
  }
}

function loginOf({ DATABASE_URL: url }: Config): DatabaseLogin {
  if (url === undefined) throw new Error('DATABASE_URL: is missing');
  return { url };
}

async function readAuthority(config: Config): Promise<CertificateAuthority | null> {
  const { LONGSHORE_CA_CERT: certificate, LONGSHORE_CA_KEY: key } = config;
  if (certificate === undefined || key === undefined) return null;
  const [certificatePem, privateKeyPem] = await Promise.all([readFile(certificate, 'utf8'), readFile(key, 'utf8')]);
  const { openAuthority } = await import('./pki/authority.ts');
  try {
    return openAuthority({ certificatePem, privateKeyPem });
  } catch (error) {
    throw new Error(`LONGSHORE_CA_CERT, LONGSHORE_CA_KEY: ${(error as Error).message}`, { cause: error });
  }
}

interface Site {
  db: Db;
  metrics: Metrics;
  installation: Installation;
  authority?: CertificateAuthority | null;
}

/** The part that speaks to nobody. */
export async function assembleDeps(config: Config, site: Site): Promise<Deps> {
  const { db, metrics, installation, authority = null } = site;
  const log = createLog(config.LONGSHORE_LOG_LEVEL);
  const workerId = `${hostname()}-${process.pid}-${systemIds.hex64().slice(0, 8)}`;
  const buckets = sharedBuckets(db, workerId);
  const provider = await createProvider(config, {
    installId: installation.id,
    clock: systemClock,
    ids: systemIds,
    log,
    buckets,
  });
  return {
    db,
    provider: timed(provider, metrics),
    clock: systemClock,
    ids: systemIds,
    log,
    metrics,
    limits: {
      quotas: {
        containers: config.LONGSHORE_QUOTA_CONTAINERS,
        volumes: config.LONGSHORE_QUOTA_VOLUMES,
        networks: config.LONGSHORE_QUOTA_NETWORKS,
        images: config.LONGSHORE_QUOTA_IMAGES,
      },
      defaults: {
        memoryMiB: config.LONGSHORE_DEFAULT_MEMORY_MIB,
        cpus: config.LONGSHORE_DEFAULT_CPUS,
        pids: config.LONGSHORE_DEFAULT_PIDS,
      },
      maxima: {
        memoryMiB: config.LONGSHORE_MAX_MEMORY_MIB,
        cpus: config.LONGSHORE_MAX_CPUS,
        pids: config.LONGSHORE_MAX_PIDS,
      },
      subnets: config.LONGSHORE_SUBNETS,
      binds: config.LONGSHORE_DEV_BINDS,
      ratePerSecond: config.LONGSHORE_RATE_PER_SECOND,
      rateBurst: config.LONGSHORE_RATE_BURST,
      buildSeconds: config.LONGSHORE_MAX_BUILD_SECONDS,
      maxUploadBytes: config.LONGSHORE_MAX_UPLOAD_MIB * 1024 * 1024,
      retainHours: {
        events: config.LONGSHORE_RETAIN_EVENTS_HOURS,
        operations: config.LONGSHORE_RETAIN_OPERATIONS_HOURS,
        idempotency: config.LONGSHORE_RETAIN_IDEMPOTENCY_HOURS,
        tombstones: config.LONGSHORE_RETAIN_TOMBSTONES_HOURS,
      },
    },
    places: {
      streams: createPlaces(config.LONGSHORE_MAX_STREAMS, 'streams'),
      pulls: createPlaces(config.LONGSHORE_MAX_PULLS, 'pulls'),
      verbs: createPlaces(config.LONGSHORE_MAX_VERBS, 'changes of containers'),
      looks: createPlaces(config.LONGSHORE_MAX_LOOKS, 'measurements'),
    },
    registries: { hosts: config.LONGSHORE_REGISTRIES, loopback: config.LONGSHORE_INSECURE_LOOPBACK_REGISTRIES },
    sharedImages: config.LONGSHORE_SHARED_IMAGES,
    operatorKeyHash: config.LONGSHORE_OPERATOR_KEY ? sha256(config.LONGSHORE_OPERATOR_KEY) : null,
    authority,
    listening: { tlsPort: null, twoWay: true },
    sealKey: installation.sealKey,
    workerId,
    wakeups: createWakeups(systemClock.sleep),
    snapshots: createSnapshots(SNAPSHOTS),
    schedule: config.LONGSHORE_SWEEP_RULE ? scheduleRule(config.LONGSHORE_SWEEP_RULE, systemClock) : null,
  };
}
