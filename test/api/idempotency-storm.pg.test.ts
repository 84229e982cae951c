import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { idempotencyStorm } from '../chaos/idempotency-storm.ts';
import { type TestDatabase, testDatabase } from '../support/postgres.ts';
import { type Replicas, startReplicas } from '../support/replicas.ts';

describe('200 Idempotency-Keys, each sent up to five times at once to two servers', () => {
  let database: TestDatabase;
  let replicas: Replicas;
  beforeAll(async () => {
    database = await testDatabase();
    replicas = await startReplicas(database.url, 2);
  });
  afterAll(async () => {
    await replicas?.close();
    await database?.close();
  });

  it('have one effect and one answer each, whoever hangs up', async () => {
    const { violations } = await idempotencyStorm(replicas, { keys: 200, seed: Math.floor(Math.random() * 2 ** 31) });
    expect(violations).toEqual([]);
  }, 120_000);
});
