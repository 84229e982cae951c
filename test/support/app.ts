/**
 * The whole of Longshore for a test: the shipped server and worker on a database of its own, two tenants, and one image that
 * both may use. For files that end in `.pg.test.ts` (memory) or `.docker.test.ts`.
 */
import { randomBytes } from 'node:crypto';
import { parseConfig } from '../../src/config.ts';
import type { Deps } from '../../src/context.ts';
import { buildDeps } from '../../src/deps.ts';
import { newApiKey } from '../../src/domain/api-key.ts';
import { run } from '../../src/entrypoints/node.ts';
import { busyboxImage } from './base-images.ts';
import { createClient, type TestClient } from './client.ts';
import { testDockerHost } from './engine.ts';
import { testDatabase } from './postgres.ts';
import { shareImage } from './shared-image.ts';

export interface TestAppOptions {
  /** Of AWS, `env` has the account's settings, and there is no image until somebody pulls one. */
  provider: 'memory' | 'docker' | 'aws';
  /** Settings beside the usual ones. */
  env?: Record<string, string>;
}

export interface TestTenant {
  name: string;
  admin: TestClient;
  viewer: TestClient;
}

export interface TestApp {
  url: string;
  /** Set by LONGSHORE_TLS_CERT. */
  tlsUrl: string | null;
  /** Set by LONGSHORE_METRICS_PORT. */
  metricsUrl: string | null;
  /** The superuser's. */
  databaseUrl: string;
  operatorKey: string;
  operator: TestClient;
  a: TestTenant;
  b: TestTenant;
  /** An image that both tenants may use. It has a shell and the applets of busybox, or what passes for them in memory. */
  image: string;
  /** Of the serving process. Look and wait with them; change things through the API. */
  deps: Deps;
  /** Ends everything, and removes from the Engine whatever this app made there. */
  close(): Promise<void>;
}

export async function startTestApp({ provider, env = {} }: TestAppOptions): Promise<TestApp> {
  const database = await testDatabase();
  const operatorKey = newApiKey(randomBytes).key;
  const config = parseConfig({
    LONGSHORE_PORT: '0',
    LONGSHORE_LOG_LEVEL: 'silent',
    LONGSHORE_PROVIDER: provider,
    LONGSHORE_OPERATOR_KEY: operatorKey,
    ...(provider === 'aws' ? {} : { LONGSHORE_SHARED_IMAGES: busyboxImage }),
    DATABASE_URL: database.url,
    ...(provider === 'docker' ? { DOCKER_HOST: testDockerHost() } : {}),
    ...env,
  });
  const deps = await buildDeps(config);
  if (provider !== 'aws') await shareImage(database.url, deps.provider, busyboxImage);
  const running = await run(config, deps);
  const operator = createClient(running.url, operatorKey);
  const [a, b] = await Promise.all([makeTenant(operator, 'tenant-a'), makeTenant(operator, 'tenant-b')]);
  return {
    url: running.url,
    tlsUrl: running.tlsUrl,
    metricsUrl: running.metricsUrl,
    databaseUrl: database.url,
    operatorKey,
    operator,
    a,
    b,
    image: busyboxImage,
    deps,
    close: async () => {
      await running.close();
      await removeOwned(deps);
      await database.close();
    },
  };
}

async function makeTenant(operator: TestClient, name: string): Promise<TestTenant> {
  await operator.expect(201, 'POST', '/v1/tenants', { name });
  const key = async (role: 'admin' | 'viewer') =>
    (await operator.expect<{ key: string }>(201, 'POST', `/v1/tenants/${name}/keys`, { name: role, role })).key;
  const [admin, viewer] = await Promise.all([key('admin'), key('viewer')]);
  return { name, admin: createClient(operator.url, admin), viewer: createClient(operator.url, viewer) };
}

async function removeOwned({ provider }: Deps): Promise<void> {
  const signal = AbortSignal.timeout(30_000);
  const owned = await provider.listOwned({ signal });
  for (const kind of ['container', 'network', 'volume', 'image'] as const) {
    const ofKind = owned.filter((object) => object.kind === kind);
    await Promise.all(ofKind.map((object) => provider.discard(object, { signal })));
  }
}
