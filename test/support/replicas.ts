/** Several servers of one installation in this process: one database, one memory provider, a door and a worker each. */
import { randomBytes } from 'node:crypto';
import { parseConfig } from '../../src/config.ts';
import { buildDeps } from '../../src/deps.ts';
import { newApiKey } from '../../src/domain/api-key.ts';
import { run } from '../../src/entrypoints/node.ts';
import { busyboxImage } from './base-images.ts';
import { createClient, type TestClient } from './client.ts';
import { shareImage } from './shared-image.ts';

export interface Replicas {
  urls: string[];
  operator: TestClient;
  /** An image that every tenant may use. */
  image: string;
  /** Makes a tenant, and answers its client at each door: numbers go round. */
  admit(name: string, quotas?: Record<string, number>): Promise<(door: number) => TestClient>;
  close(): Promise<void>;
}

export async function startReplicas(databaseUrl: string, count: number): Promise<Replicas> {
  const operatorKey = newApiKey(randomBytes).key;
  const config = parseConfig({
    LONGSHORE_PORT: '0',
    LONGSHORE_LOG_LEVEL: 'silent',
    LONGSHORE_PROVIDER: 'memory',
    LONGSHORE_OPERATOR_KEY: operatorKey,
    LONGSHORE_SHARED_IMAGES: busyboxImage,
    DATABASE_URL: databaseUrl,
  });
  const [first, ...others] = await Promise.all(Array.from({ length: count }, () => buildDeps(config)));
  if (!first) throw new Error('at least one replica is needed');
  await shareImage(databaseUrl, first.provider, busyboxImage);
  const all = [first, ...others.map((deps) => ({ ...deps, provider: first.provider }))];
  const running = await Promise.all(all.map((deps) => run(config, deps)));
  const urls = running.map(({ url }) => url);
  const operator = createClient(urls[0] ?? '', operatorKey);
  return {
    urls,
    operator,
    image: busyboxImage,
    admit: async (name, quotas = {}) => {
      await operator.expect(201, 'POST', '/v1/tenants', { name, quotas });
      const asked = { name: 'admin', role: 'admin' };
      const { key } = await operator.expect<{ key: string }>(201, 'POST', `/v1/tenants/${name}/keys`, asked);
      return (door) => createClient(urls[door % urls.length] ?? '', key);
    },
    close: async () => {
      await Promise.all(running.map((each) => each.close()));
    },
  };
}
