/** One Node process: the API and the background worker. */
import { createAdmission } from '../api/admission.ts';
import { createApp } from '../api/app.ts';
import { createDockerDoor } from '../api/docker/app.ts';
import { metricsForAnyone } from '../api/metrics.ts';
import { type Config, parseConfig } from '../config.ts';
import type { Deps } from '../context.ts';
import { functionDeps } from '../lambda/function-deps.ts';
import { startWorker } from '../reconcile/worker.ts';
import { logProviderWarnings } from '../services/readiness.ts';
import { syncSharedImages } from '../services/shared-images.ts';
import { listen } from './listener.ts';
import { readTls } from './tls.ts';

export interface Running {
  url: string;
  /** The same with TLS; null unless a certificate was given. */
  tlsUrl: string | null;
  /** Where /metrics needs no key; null unless a port was set for it. */
  metricsUrl: string | null;
  /** Stops taking requests, ends open ones, lets the work at hand be recorded. */
  close(): Promise<void>;
}

/** Serves with the settings of `env`; the database must be migrated. Throws when a setting is wrong or a port is taken. */
export async function start(env: NodeJS.ProcessEnv): Promise<Running> {
  const config = parseConfig(env);
  return run(config, await functionDeps(config));
}

/** The same with Deps made before; they are closed with it. */
export async function run(config: Config, deps: Deps): Promise<Running> {
  const { LONGSHORE_METRICS_PORT: metricsPort, LONGSHORE_METRICS_HOST: metricsHost } = config;
  await logProviderWarnings(deps);
  await syncSharedImages(deps);
  const admission = createAdmission(deps);
  const door = createDockerDoor(deps, admission);
  const { upgrade, answersAnyone } = door;
  const service = { fetch: createApp(deps, admission, door).fetch, upgrade, answersAnyone };
  const tls = await readTls(config, deps.authority);
  const hostname = config.LONGSHORE_HOST;
  const api = await listen(service, { port: config.LONGSHORE_PORT, hostname });
  const secure = tls && (await listen(service, { port: config.LONGSHORE_TLS_PORT, hostname, tls }));
  deps.listening.tlsPort = secure && Number(new URL(secure.url).port);
  const own = metricsPort === undefined ? null : { port: metricsPort, hostname: metricsHost };
  const metrics = own && (await listen({ fetch: metricsForAnyone(deps).fetch }, own));
  const worker = startWorker(deps, { sweepSeconds: config.LONGSHORE_SWEEP_SECONDS });
  return {
    url: api.url,
    tlsUrl: secure?.url ?? null,
    metricsUrl: metrics?.url ?? null,
    close: async () => {
      await Promise.all([api.close(), secure?.close(), metrics?.close()]);
      await worker.stop();
      await deps.db.close();
    },
  };
}

if (import.meta.main) {
  const running = await start(process.env);
  console.log(`Longshore listens on ${running.url}`);
  for (const signal of ['SIGINT', 'SIGTERM'] as const) {
    process.once(signal, () => void running.close().then(() => process.exit(0)));
  }
}
