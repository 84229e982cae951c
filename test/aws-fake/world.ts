/** What all accounts and regions of one fake share. */
import type { FakeClock } from './clock.ts';
import type { Downloads } from './ecr/downloads.ts';
import type { RegistryLogins } from './ecr/registry-logins.ts';
import type { BusEvent, EventBus } from './events/event-bus.ts';
import type { Habits } from './habits.ts';
import type { Identities } from './identities.ts';
import type { TaskRuntime } from './runtime/runtime.ts';
import type { SessionStore } from './ssm/session-store.ts';

/** A request that AWS would not have taken as it is meant. Tests assert that there is none. */
export interface Violation {
  action: string;
  problem: string;
}

/** A request that was taken, in the order of its answers. */
export interface CallRecord {
  action: string;
  account: string;
  region: string;
  atMs: number;
  /** The code of the error it was answered with. */
  error: string | undefined;
}

export interface World {
  clock: FakeClock;
  habits: Habits;
  identities: Identities;
  runtime: TaskRuntime;
  events: EventBus;
  /** What EventBridge's rules may invoke, by ARN: a test's handlers. */
  functions: Map<string, (event: BusEvent) => Promise<unknown>>;
  sessions: SessionStore;
  logins: RegistryLogins;
  downloads: Downloads;
  /** Where each bucket is: its name is known in all regions. */
  bucketRegions: Map<string, string>;
  violations: Violation[];
  calls: CallRecord[];
  /** Defects of the fake itself or of its machine, which no answer could carry. */
  failures: unknown[];
  /** Where the fake listens, such as `http://127.0.0.1:4000`. */
  url: string;
  /** The Engine that builds use. */
  dockerHost: string | undefined;
}
