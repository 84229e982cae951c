/** What is handed down instead of imported: Deps once per process, Ctx once per operation. Types only. */
import type { Logger } from 'pino';
import type { Db } from './db/client.ts';
import type { BindGrant } from './domain/bind-grant.ts';
import type { CertificateAuthority } from './domain/certificate.ts';
import type { Clock, Ids } from './domain/clock.ts';
import type { Metrics } from './domain/metrics.ts';
import type { Places } from './domain/places.ts';
import type { Principal, TenantPrincipal } from './domain/principal.ts';
import type { RegistryPolicy } from './domain/registry-policy.ts';
import type { Schedule } from './domain/schedule.ts';
import type { Snapshots } from './domain/snapshots.ts';
import type { Wakeups } from './domain/wakeups.ts';
import type { Provider } from './providers/provider.ts';

/** The settings that services and reconcile read; see config.ts for their meaning. */
export interface Limits {
  quotas: { containers: number; volumes: number; networks: number; images: number };
  defaults: { memoryMiB: number; cpus: number; pids: number };
  maxima: { memoryMiB: number; cpus: number; pids: number };
  /** Where a tenant may choose a network's subnet. */
  subnets: readonly string[];
  /** Folders of the host that tenants may mount. */
  binds: readonly BindGrant[];
  ratePerSecond: number;
  rateBurst: number;
  /** Of one upload: an archive of images, the files of a build. */
  maxUploadBytes: number;
  buildSeconds: number;
  retainHours: { events: number; operations: number; idempotency: number; tombstones: number };
}

/** What a tenant may have under way at once in this process. */
export interface TenantPlaces {
  streams: Places;
  pulls: Places;
  /** Creates, starts, stops and so on that wait for the provider. */
  verbs: Places;
  /** Stats and process lists that are asked for once. */
  looks: Places;
}

/** What a process learns when it begins to listen. */
export interface Listening {
  /** Null: it does not listen with TLS, or not yet. */
  tlsPort: number | null;
  /** Its connections carry bytes in both directions when a client asks for it: upgrades and WebSockets. */
  twoWay: boolean;
}

export interface Deps {
  db: Db;
  provider: Provider;
  clock: Clock;
  ids: Ids;
  log: Logger;
  metrics: Metrics;
  limits: Limits;
  places: TenantPlaces;
  registries: RegistryPolicy;
  sharedImages: readonly string[];
  operatorKeyHash: string | null;
  /** Signs client certificates; null where the operator gave none. */
  authority: CertificateAuthority | null;
  /** Filled in by the entrypoint. */
  listening: Listening;
  /** Seals what comes back from a client, such as cursors; the same for all processes of an installation, and told to nobody. */
  sealKey: string;
  /** Names this process in leases. */
  workerId: string;
  wakeups: Wakeups;
  snapshots: Snapshots;
  /** Null where some process works in the background all the time. */
  schedule: Schedule | null;
}

export interface Ctx<P extends Principal = TenantPrincipal> {
  principal: P;
  requestId: string;
  log: Logger;
  /** Aborts when the client goes away or the process stops. */
  signal: AbortSignal;
  /** The Idempotency-Key under which this request acts, once it holds it. */
  claim: { route: string; key: string; attempt: number } | null;
}
