/** The background of a process: what one container costs the others. Needs Postgres. */
import postgres from 'postgres';
import { expect, test } from 'vitest';
import { connectionOptions } from '../../src/db/client.ts';
import { containerSpec } from '../../src/domain/container-spec.ts';
import { startWorker } from '../../src/reconcile/worker.ts';
import { createContainer } from '../../src/services/containers.ts';
import { tenantCtx, testDeps } from '../support/deps.ts';
import { testDatabase } from '../support/postgres.ts';
import { pulled } from '../support/pulled.ts';
import { waitFor } from '../support/wait-for.ts';

test('containers that take long hold up no other, however many are due', async () => {
  const slow = new Set<string | null>();
  const over = Promise.withResolvers<void>();
  const before = async ({ name, key }: { name: string; key: string | null }) => {
    if (name === 'observe' && slow.has(key)) await over.promise;
  };
  const database = await testDatabase();
  const sql = postgres({ ...connectionOptions(database.url), max: 1 });
  const deps = await testDeps(database.url, {}, { before });
  const ctx = await tenantCtx(deps, 'a');
  await pulled(deps, ctx, 'app');
  for (let count = 0; count < 20; count++) {
    const { container } = await createContainer(deps, ctx, {
      spec: containerSpec.parse({ image: 'app' }),
      start: false,
    });
    if (count < 2) slow.add(container.run.providerKey);
  }
  // The slow ones wait longest, so that they are in the first round.
  await sql`update containers set next_run_at = created_at`;
  const worker = startWorker(deps, { sweepSeconds: 600 });
  try {
    const done = async () => (await sql`select from containers where next_run_at is null`).length;
    await waitFor(async () => (await done()) === 18);
    expect(await sql`select from containers where lease_until is not null`).toHaveLength(2);
  } finally {
    over.resolve();
    await worker.stop();
    await deps.db.close();
    await sql.end();
    await database.close();
  }
});
