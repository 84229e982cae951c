/** Migrations as a deployment runs them: again, twice at once, beside the version that still serves. Needs Postgres. */
import { randomBytes } from 'node:crypto';
import postgres from 'postgres';
import { afterAll, beforeAll, expect, inject, test } from 'vitest';
import { connectionOptions } from '../../src/db/client.ts';
import { migrate } from '../../src/db/migrate.ts';
import { migrateAs } from '../../src/lambda/migration.ts';
import { onDatabase } from '../support/postgres-cluster.ts';

const cluster = inject('postgresUrl');
const name = `t_${randomBytes(6).toString('hex')}`;
const url = onDatabase(cluster, name);
let owner: postgres.Sql;
beforeAll(async () => {
  owner = postgres({ ...connectionOptions(cluster), max: 1 });
  await owner.unsafe(`create database ${name}`);
});
afterAll(async () => {
  await owner.unsafe(`drop database if exists ${name} with (force)`);
  await owner.end();
});

test('of two that begin at once one does everything, and the other waits and has nothing to do', async () => {
  const both = await Promise.all([migrate(url), migrateAs({ url })]);
  const [some, none] = both.toSorted((a, b) => b.applied.length - a.applied.length);
  expect(some?.applied[0]).toBe('0000_prelude');
  expect(some?.applied.at(-1)).toBe(some?.latest);
  expect(none).toEqual({ applied: [], latest: some?.latest });
  expect(await migrateAs({ url })).toEqual({ applied: [], latest: some?.latest });
});

test('a function logs in with the password that its secret has at that moment', async () => {
  const asked: object[] = [];
  const credentials = {
    password: async (login: object) => {
      asked.push(login);
      return 'x/y?z@';
    },
    renew: async () => {},
  };
  expect(await migrateAs({ url, credentials })).toMatchObject({ applied: [] });
  expect(asked).toHaveLength(1);
});
