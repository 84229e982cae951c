/** The one implementation of Metrics: a prom-client registry of its own for each process. Nothing else knows the library. */
import { Counter, collectDefaultMetrics, Gauge, Histogram, Registry } from 'prom-client';
import type { Metrics, SweepFindings } from './domain/metrics.ts';

const quick = [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30];
const slow = [0.005, 0.01, 0.05, 0.1, 0.5, 1, 2.5, 5, 10, 20, 30, 60];

export function createMetrics(): Metrics {
  const registers = [new Registry()];
  const [registry] = registers as [Registry];
  collectDefaultMetrics({ register: registry });

  const requests = new Histogram({
    name: 'longshore_http_request_duration_seconds',
    help: 'Requests by route, until their answer began',
    labelNames: ['method', 'route', 'status'],
    buckets: quick,
    registers,
  });
  const streams = new Gauge({
    name: 'longshore_http_streams',
    help: 'Answers that are going on: followed logs, exec sessions, events',
    registers,
  });
  const reconciles = new Histogram({
    name: 'longshore_reconcile_duration_seconds',
    help: 'Turns of work on one container by how they ended',
    labelNames: ['outcome'],
    buckets: slow,
    registers,
  });
  const providerCalls = new Histogram({
    name: 'longshore_provider_call_duration_seconds',
    help: 'Calls of the provider by how they ended: "ok" or an error code',
    labelNames: ['method', 'outcome'],
    buckets: slow,
    registers,
  });
  const passes = new Counter({
    name: 'longshore_sweeps_total',
    help: 'Sweeps that compared everything at the provider with every row',
    registers,
  });
  const discarded = new Counter({
    name: 'longshore_sweep_discarded_total',
    help: 'Orphans that sweeps removed from the provider',
    registers,
  });
  const swept = new Gauge({
    name: 'longshore_sweep_objects',
    help: 'What the last sweep found at the provider, and what it missed there',
    labelNames: ['kind'],
    registers,
  });
  const databaseErrors = new Counter({
    name: 'longshore_database_errors_total',
    help: 'Statements that failed: unavailable, retried as Postgres asked, or unexpected',
    labelNames: ['kind'],
    registers,
  });
  const dueLag = new Gauge({
    name: 'longshore_due_lag_seconds',
    help: 'How long the container that waits longest has been due',
    registers,
  });

  return {
    request: () => {
      const end = requests.startTimer();
      return ({ method, route, status }) => void end({ method, route, status });
    },
    stream: () => {
      streams.inc();
      return () => streams.dec();
    },
    reconcile: () => {
      const end = reconciles.startTimer();
      return (outcome) => void end({ outcome });
    },
    providerCall: (method) => {
      const end = providerCalls.startTimer({ method });
      return (outcome) => void end({ outcome });
    },
    swept: (findings: SweepFindings) => {
      const { discarded: removed, ...found } = findings;
      passes.inc();
      discarded.inc(removed);
      for (const [kind, count] of Object.entries(found)) swept.set({ kind }, count);
    },
    databaseError: (kind) => databaseErrors.inc({ kind }),
    dueLag: (seconds) => dueLag.set(seconds ?? Number.NaN),
    expose: async () => ({ contentType: registry.contentType, text: await registry.metrics() }),
  };
}
