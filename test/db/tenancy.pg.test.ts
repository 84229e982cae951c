/** Reads in one round trip see their own tenant's rows, whatever plan Postgres takes, and nobody else's. Needs Postgres. */
import { randomBytes, randomUUID } from 'node:crypto';
import { sql } from 'drizzle-orm';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Deps } from '../../src/context.ts';
import { findContainerById } from '../../src/db/containers.ts';
import { withSystem } from '../../src/db/tenancy.ts';
import { findVolume } from '../../src/db/volumes.ts';
import { containerSpec } from '../../src/domain/container-spec.ts';
import { tenantCtx, testDeps } from '../support/deps.ts';
import { type TestDatabase, testDatabase } from '../support/postgres.ts';

let database: TestDatabase;
let deps: Deps;
let mine: string;
let foreign: string;
const id = randomBytes(32).toString('hex');

beforeAll(async () => {
  database = await testDatabase();
  deps = await testDeps(database.url);
  [mine, foreign] = (await Promise.all(
    ['mine', 'foreign'].map(async (name) => (await tenantCtx(deps, name)).principal.tenantId),
  )) as [string, string];
  const spec = JSON.stringify(containerSpec.parse({ image: 'busybox' }));
  await withSystem(deps.db, 'rows to read', async (tx) => {
    await tx.execute(sql`insert into containers (tenant_id, id, name, spec, image_id, desired, stop_grace_seconds)
      values (${mine}, ${id}, 'web', ${spec}, 'sha256:0', 'created', 10)`);
    await tx.execute(sql`insert into runs (tenant_id, container_id, incarnation, name, provider, provider_key)
      values (${mine}, ${id}, 1, 'web', 'memory', ${randomUUID()})`);
    await tx.execute(
      sql`insert into volumes (tenant_id, name, labels, provider_key) values (${mine}, 'data', '{}', ${randomUUID()})`,
    );
  });
});
afterAll(async () => {
  await deps.db.close();
  await database.close();
});

describe('a read in one round trip', () => {
  it('finds a row of a join', async () => {
    expect(await findContainerById(deps.db, mine, id)).toMatchObject({ id, name: 'web', run: { name: 'web' } });
  });

  it('finds a row of one table', async () => {
    expect(await findVolume(deps.db, mine, 'data')).toMatchObject({ name: 'data' });
  });

  it('goes on finding it when Postgres has settled on a plan', async () => {
    for (let reads = 0; reads < 20; reads++) {
      expect(await findContainerById(deps.db, mine, id)).not.toBeNull();
      expect(await findVolume(deps.db, mine, 'data')).not.toBeNull();
    }
  });

  it('finds nothing of another tenant', async () => {
    expect(await findContainerById(deps.db, foreign, id)).toBeNull();
    expect(await findVolume(deps.db, foreign, 'data')).toBeNull();
  });
});
