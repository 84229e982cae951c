import { randomUUID } from 'node:crypto';
import postgres from 'postgres';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { connect, connectionOptions, type Db } from '../../src/db/client.ts';
import { listContainers } from '../../src/db/containers.ts';
import { containerStatuses, desiredStates, phases, status } from '../../src/domain/container.ts';
import { type TestDatabase, testDatabase } from '../support/postgres.ts';

const bits = [false, true];
/** Every combination of what a status is made of, each as the name of a container. */
const combinations = desiredStates.flatMap((desired) =>
  phases.flatMap((phase) =>
    bits.flatMap((startDue) =>
      bits.flatMap((restarting) =>
        bits.map((removed) => {
          const facts = { desired, phase, startDue, restarting, removed };
          return { ...facts, name: Object.values(facts).join('_'), status: status(facts) };
        }),
      ),
    ),
  ),
);

describe('the filter by status', () => {
  const tenantId = randomUUID();
  let database: TestDatabase;
  let owner: postgres.Sql;
  let db: Db;

  beforeAll(async () => {
    database = await testDatabase();
    owner = postgres({ ...connectionOptions(database.url), max: 1 });
    db = connect({ url: database.url, connections: 1 });
    const rows = JSON.stringify(combinations);
    const given = owner`jsonb_to_recordset(${rows}::text::jsonb)
      as x(name text, desired text, phase text, "startDue" boolean, restarting boolean, removed boolean)`;
    await owner`insert into tenants (id, name) values (${tenantId}, 'a')`;
    await owner`insert into containers (tenant_id, id, name, spec, image_id, desired, start_seq, stop_grace_seconds, removed_at)
      select ${tenantId}, name, name, '{}', 'sha256:0', desired, "startDue"::int, 10, case when removed then now() end from ${given}`;
    await owner`insert into runs (tenant_id, container_id, incarnation, name, provider, provider_key, phase, restart_at)
      select ${tenantId}, name, 1, name, 'memory', name, phase, case when restarting then now() end from ${given}`;
  });
  afterAll(async () => {
    await db?.close();
    await owner?.end();
    await database?.close();
  });

  const listed = async (wanted: (typeof containerStatuses)[number][]) => {
    const found = await listContainers(db, tenantId, { status: wanted }, { limit: 1000, after: null });
    return found.map(({ name }) => name).sort();
  };
  const expected = (wanted: string[]) =>
    combinations
      .filter(({ removed, status: found }) => !removed && wanted.includes(found))
      .map(({ name }) => name)
      .sort();

  it.each(containerStatuses)('finds exactly what status() calls %s', async (wanted) => {
    expect(await listed([wanted])).toEqual(expected([wanted]));
  });

  it('takes several, and all of them together are everything alive', async () => {
    expect(await listed(['running', 'paused'])).toEqual(expected(['running', 'paused']));
    expect(await listed([...containerStatuses])).toEqual(expected([...containerStatuses]));
    expect((await listed([...containerStatuses])).length).toBe(combinations.length / 2);
  });
});
