/**
 * What a process counts about itself, as those see it who do the counting: no library shows through. Labels come from small
 * fixed sets and never name a tenant.
 */

/** Started by the call that gave it; ends with what came of it. */
export type Timer<Result> = (result: Result) => void;

export interface RequestResult {
  method: string;
  /** The template it matched, such as `/v1/containers/:container`; "none" when it matched none. */
  route: string;
  status: number;
}

/** `lost`: another worker took it over, or it is gone. `retry`: the provider failed, later again. `pending`: more to do later. */
export type ReconcileResult = 'settled' | 'failed' | 'retry' | 'pending' | 'lost' | 'error';

export interface SweepFindings {
  owned: number;
  discarded: number;
  strays: number;
  braked: number;
  differing: number;
}

export type DatabaseError = 'unavailable' | 'retried' | 'unexpected';

export interface Metrics {
  /** Ends when the answer begins; what a stream lasts does not count. */
  request(): Timer<RequestResult>;
  /** An answer that goes on: a log that is followed, an exec session, events. */
  stream(): Timer<void>;
  reconcile(): Timer<ReconcileResult>;
  /** @param method as in the port: `create`, `images.pull` …; ends with "ok" or an error code */
  providerCall(method: string): Timer<string>;
  swept(findings: SweepFindings): void;
  databaseError(kind: DatabaseError): void;
  /** How long the container that waits longest has been due, in seconds; null when that could not be learnt. */
  dueLag(seconds: number | null): void;
  /** Everything so far, in the text format of Prometheus. */
  expose(): Promise<{ contentType: string; text: string }>;
}

/** For those who count nothing. */
export const noMetrics: Metrics = {
  request: () => () => undefined,
  stream: () => () => undefined,
  reconcile: () => () => undefined,
  providerCall: () => () => undefined,
  swept: () => undefined,
  databaseError: () => undefined,
  dueLag: () => undefined,
  expose: async () => ({ contentType: 'text/plain', text: '' }),
};
