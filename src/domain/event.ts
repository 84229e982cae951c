/** What happened to a tenant's objects, in one gapless numbering per tenant. Written in the transaction that made it true. */
import type { Actor } from './principal.ts';

export const eventKinds = ['container', 'image', 'network', 'volume', 'key', 'certificate', 'tenant'] as const;
export type EventKind = (typeof eventKinds)[number];

/** An event about to be written; the database gives it number and time. */
export interface NewEvent {
  kind: EventKind;
  /** A verb in the past tense of the state machine: "accepted.start", "started", "exited", "pulled" … */
  type: string;
  resourceId: string;
  name: string;
  actor: Actor;
  /** Why: "request", "restart policy", "exit", "sweep" … */
  cause: string;
  /** Small facts (exitCode, generation …). Never env, commands or credentials. */
  data: Record<string, string | number | boolean | null>;
}

export interface TenantEvent extends NewEvent {
  seq: number;
  at: Date;
}
