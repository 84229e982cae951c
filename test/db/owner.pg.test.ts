/** A database whose owner is no superuser, as a hosted Postgres gives them out. In a cluster of its own: roles belong to clusters. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import postgres from 'postgres';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { startPostgres } from '../../scripts/postgres.ts';
import type { Deps } from '../../src/context.ts';
import { connectionOptions } from '../../src/db/client.ts';
import { migrate } from '../../src/db/migrate.ts';
import { containerSpec } from '../../src/domain/container-spec.ts';
import { createContainer } from '../../src/services/containers.ts';
import { tenantCtx, testDeps } from '../support/deps.ts';
import { pulled } from '../support/pulled.ts';

let url: string;
let deps: Deps;
const cleanup = new AsyncDisposableStack();
beforeAll(async () => {
  const dataDir = mkdtempSync(join(tmpdir(), 'longshore-owner-'));
  cleanup.defer(() => rmSync(dataDir, { recursive: true, force: true }));
  const cluster = await startPostgres({ dataDir, log: () => {}, settings: { fsync: 'off' } });
  cleanup.defer(cluster.stop);
  const superuser = postgres({ ...connectionOptions(cluster.url), max: 1 });
  await superuser`create role platform login createrole password 'secret'`;
  await superuser`create database longshore_owned owner platform`;
  await superuser.end();
  const login = new URL(cluster.url);
  Object.assign(login, { username: 'platform', password: 'secret', pathname: '/longshore_owned' });
  url = login.href;
  await migrate(url);
  deps = await testDeps(url);
  cleanup.defer(() => deps.db.close());
});
afterAll(() => cleanup.disposeAsync());

it('migrates it, twice, and serves tenants from it', async () => {
  await migrate(url);
  const ctx = await tenantCtx(deps, 'a');
  await pulled(deps, ctx, 'app');
  const spec = containerSpec.parse({ image: 'app' });
  expect(await createContainer(deps, ctx, { spec, start: true })).toMatchObject({ converged: true });
});

it.each([
  ['app', '5s'],
  ['reconciler', '30s'],
] as const)('the role %s is assumed with its bounds', async (role, timeout) => {
  const text = `select current_user::text as role, session_user::text as login,
    current_setting('statement_timeout') as statement, current_setting('idle_in_transaction_session_timeout') as idle`;
  const [session] = await deps.db.query(role, { text, params: [] });
  expect(session).toEqual({ role: `longshore_${role}`, login: 'platform', statement: timeout, idle: '10s' });
});
