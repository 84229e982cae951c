import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { raceOnce, raceQuota, raceSize } from '../chaos/quota-race.ts';
import { type TestDatabase, testDatabase } from '../support/postgres.ts';
import { type Replicas, startReplicas } from '../support/replicas.ts';

describe(`${raceSize} parallel creates at a quota of ${raceQuota}, over two servers`, () => {
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

  it.each([1, 2, 3])(
    'make exactly as many containers as fit (round %i)',
    async (round) => {
      expect(await raceOnce(replicas, `round-${round}`)).toEqual([]);
    },
    120_000,
  );
});
