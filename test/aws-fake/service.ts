/** What a service is to the dispatcher: its model, its operations, and how it says that a request is malformed. */
import type { Identity } from './identities.ts';
import type { ServiceModel } from './model/service-model.ts';
import type { Problem } from './model/validation.ts';
import type { Access } from './policies.ts';
import type { Site } from './site.ts';

export interface Call {
  site: Site;
  identity: Identity;
  requestId: string;
}

/** Gets the operation's input as the SDK types it, checked against the model, and returns its output likewise. */
export type Handler = (input: never, call: Call) => unknown;

export interface Service {
  /** In actions of policies, such as `elasticfilesystem`. */
  iamName: string;
  /** In the scope of signatures. */
  signingName: string;
  /** botocore's folder of it. */
  modelName: string;
  /** The SDK's package, for what is newer than the model. */
  sdkPackage: string;
  /** Where the service speaks otherwise than that model says. */
  metadata?: Partial<ServiceModel['metadata']>;
  handlers: Record<string, Handler>;
  /** The error code for what the model refuses. */
  invalidCode: (problem: Problem) => string;
  /** The resource that policies are asked about; `*` without it. */
  resource?: (operation: string, input: Record<string, unknown>, site: Site) => string;
  /** Condition keys of the call; `aws:PrincipalTag/…` come from the session. */
  context?: (operation: string, input: Record<string, unknown>, site: Site) => Record<string, string>;
  /** What else a caller must be allowed, such as to pass a role. */
  demands?: (operation: string, input: Record<string, unknown>, site: Site) => Access[];
}
