/** Requests of one tenant may wait for each other's rows, but never in a circle, which Postgres breaks only after a second. Needs Postgres. */
import { afterAll, beforeAll, expect, it } from 'vitest';
import type { Deps } from '../../src/context.ts';
import { containerSpec } from '../../src/domain/container-spec.ts';
import { removeContainer } from '../../src/services/container-verbs.ts';
import { createContainer } from '../../src/services/containers.ts';
import { createVolume, removeVolume } from '../../src/services/volumes.ts';
import { tenantCtx, testDeps } from '../support/deps.ts';
import { type TestDatabase, testDatabase } from '../support/postgres.ts';
import { pulled } from '../support/pulled.ts';

const LANES = 12;
const ROUNDS = 12;
let database: TestDatabase;
let deps: Deps;

beforeAll(async () => {
  database = await testDatabase();
  deps = await testDeps(database.url, { LONGSHORE_QUOTA_CONTAINERS: '1000', LONGSHORE_QUOTA_VOLUMES: '1000' });
});
afterAll(async () => {
  await deps.db.close();
  await database.close();
});

it('lets creates and removals of containers and volumes pass each other', async () => {
  const ctx = await tenantCtx(deps, 'busy');
  await pulled(deps, ctx, 'app');
  const spec = containerSpec.parse({ image: 'app', mounts: [{ type: 'volume', target: '/data' }] });
  await Promise.all(
    Array.from({ length: LANES }, async (_, lane) => {
      for (let round = 0; round < ROUNDS; round++) {
        const { container } = await createContainer(deps, ctx, { spec, start: false });
        const { volume } = await createVolume(deps, ctx, { name: `data-${lane}`, labels: {} });
        await removeContainer(deps, ctx, container.id, { force: true, volumes: true });
        await removeVolume(deps, ctx, volume.name);
      }
    }),
  );
  expect(await retries()).toBe(0);
});

/** Deadlocks are retried: the caller sees no more of them than the time they take. */
async function retries(): Promise<number> {
  const { text } = await deps.metrics.expose();
  return Number(/longshore_database_errors_total\{kind="retried"\} (\d+)/.exec(text)?.[1] ?? 0);
}
