/** One Node process: the API and the background worker. */
import { serve } from '@hono/node-server';
import { createApp } from '../api/app.ts';
import { type Config, parseConfig } from '../config.ts';
import type { Deps } from '../context.ts';
import { buildDeps } from '../deps.ts';
import { startWorker } from '../reconcile/worker.ts';

export interface Running {
  url: string;
  /** Stops taking requests, ends open ones, lets the work at hand be recorded. */
  close(): Promise<void>;
}

/** Serves with the settings of `env`; the database must be migrated. Throws when a setting is wrong or the port is taken. */
export async function start(env: NodeJS.ProcessEnv): Promise<Running> {
  const config = parseConfig(env);
  return run(config, await buildDeps(config));
}

/** The same with Deps made before; they are closed with it. */
export async function run(config: Config, deps: Deps): Promise<Running> {
  const app = createApp(deps);
  const server = await new Promise<ReturnType<typeof serve>>((resolve, reject) => {
    const listening = serve({ fetch: app.fetch, port: config.LONGSHORE_PORT, hostname: config.LONGSHORE_HOST }, () =>
      resolve(listening),
    );
    listening.on('error', reject);
  });
  const worker = startWorker(deps, { sweepSeconds: config.LONGSHORE_SWEEP_SECONDS });
  const address = server.address();
  const port = typeof address === 'object' && address ? address.port : config.LONGSHORE_PORT;
  return {
    url: `http://${config.LONGSHORE_HOST.includes(':') ? `[${config.LONGSHORE_HOST}]` : config.LONGSHORE_HOST}:${port}`,
    close: async () => {
      const closed = new Promise((resolve) => server.close(resolve));
      if ('closeAllConnections' in server) server.closeAllConnections();
      await closed;
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
