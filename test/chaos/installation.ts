/**
 * One installation under attack: a database of its own, an Engine it may share, and the tools to look behind the API. What
 * serves it is server.ts's business.
 */
import { randomBytes } from 'node:crypto';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type Docker from 'dockerode';
import postgres from 'postgres';
import { connectionOptions } from '../../src/db/client.ts';
import { newApiKey } from '../../src/domain/api-key.ts';
import { systemClock } from '../../src/domain/clock.ts';
import { AppError } from '../../src/domain/errors.ts';
import { createDockerProvider } from '../../src/providers/docker/docker.ts';
import type { Provider } from '../../src/providers/provider.ts';
import { busyboxImage } from '../support/base-images.ts';
import { createClient } from '../support/client.ts';
import { openDocker } from '../support/engine.ts';
import { shareImage } from '../support/shared-image.ts';
import { type Cluster, startCluster } from './cluster.ts';

export interface Installation {
  /** Marks what it owns at the Engine. */
  id: string;
  cluster: Cluster;
  /** As the owner of the tables, past all policies. */
  sql: postgres.Sql;
  /** Straight to the Engine, past whatever disturbs the server's way there. */
  dockerHost: string;
  docker: Docker;
  provider: Provider;
  operatorKey: string;
  /** For logs and sockets; goes with the installation. */
  folder: string;
  /** Removes its database, its folder and all that it left at the Engine. Stop its servers first. */
  remove(): Promise<void>;
}

/** @param dockerHost of an Engine that has the busybox image */
export async function makeInstallation(dockerHost: string): Promise<Installation> {
  const cluster = await startCluster();
  const sql = postgres({ ...connectionOptions(cluster.url), max: 4, backoff: () => 0.2 });
  const [row] = await sql<{ id: string }[]>`select id from installation`;
  const id = row?.id ?? '';
  const site = { dockerHost, installId: id, publishAddress: '127.0.0.1', clock: systemClock };
  const provider = createDockerProvider(site);
  await shareImage(cluster.url, provider, busyboxImage);
  const folder = mkdtempSync(join(tmpdir(), 'longshore-chaos-'));
  return {
    id,
    cluster,
    sql,
    dockerHost,
    docker: openDocker(dockerHost),
    provider,
    operatorKey: newApiKey(randomBytes).key,
    folder,
    remove: async () => {
      await sql.end({ timeout: 5 });
      await cluster.remove();
      await discardOwned(provider);
      rmSync(folder, { recursive: true, force: true });
    },
  };
}

/** Makes a tenant through the API and answers a key of it. */
export async function admitTenant({ operatorKey }: Installation, url: string): Promise<string> {
  const operator = createClient(url, operatorKey);
  await operator.expect(201, 'POST', '/v1/tenants', { name: 'chaos' });
  const asked = { name: 'chaos', role: 'admin' };
  return (await operator.expect<{ key: string }>(201, 'POST', '/v1/tenants/chaos/keys', asked)).key;
}

/** Of one call: a network that many have left takes long. */
const callMs = 30_000;
const discardMs = 120_000;

/** What a killed server had asked for may still come: whatever is then in the way is looked for again. */
async function discardOwned(provider: Provider): Promise<void> {
  const options = () => ({ signal: AbortSignal.timeout(callMs) });
  const until = systemClock.now() + discardMs;
  for (;;) {
    const owned = await provider.listOwned(options());
    try {
      for (const kind of ['container', 'network', 'volume', 'image'] as const) {
        for (const object of owned.filter((each) => each.kind === kind)) await provider.discard(object, options());
      }
      return;
    } catch (error) {
      if (!(error instanceof AppError && error.code === 'conflict') || systemClock.now() > until) throw error;
      await systemClock.sleep(500);
    }
  }
}
