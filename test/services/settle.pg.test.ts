import postgres from 'postgres';
import { afterAll, afterEach, beforeAll, expect, it } from 'vitest';
import type { Ctx, Deps } from '../../src/context.ts';
import { connectionOptions } from '../../src/db/client.ts';
import { statusOf } from '../../src/domain/container.ts';
import { containerSpec } from '../../src/domain/container-spec.ts';
import { AppError, type ErrorCode } from '../../src/domain/errors.ts';
import type { Faults } from '../../src/providers/memory/faults.ts';
import { createContainer, getContainer, listContainerOperations } from '../../src/services/containers.ts';
import { tenantCtx, testDeps } from '../support/deps.ts';
import { type TestDatabase, testDatabase } from '../support/postgres.ts';
import { shareImage } from '../support/shared-image.ts';
import { waitFor } from '../support/wait-for.ts';
import { workOffDue } from '../support/work-off-due.ts';

let database: TestDatabase;
let sql: postgres.Sql;
let deps: Deps;
let ctx: Ctx;
const faults: Faults = {};

beforeAll(async () => {
  database = await testDatabase();
  sql = postgres({ ...connectionOptions(database.url), max: 1 });
  deps = await testDeps(database.url, {}, faults);
  await shareImage(database.url, deps.provider, 'busybox');
  ctx = await tenantCtx(deps, 'settler');
});
afterEach(() => {
  delete faults.before;
  delete faults.after;
});
afterAll(async () => {
  await deps.db.close();
  await sql.end();
  await database.close();
});

const start = (name: string) =>
  createContainer(deps, ctx, {
    name,
    spec: containerSpec.parse({ image: 'busybox', command: ['sleep', '600'] }),
    start: true,
  });

/** Fails the first calls of that name, before their effect or after it. */
function fail(when: 'before' | 'after', name: string, code: ErrorCode, times: number): void {
  let left = times;
  faults[when] = async (call) => {
    if (call.name === name && left-- > 0) throw new AppError(code, 'injected');
  };
}
const objects = async () =>
  (await deps.provider.listOwned({ signal: AbortSignal.timeout(5000) })).filter(({ kind }) => kind === 'container')
    .length;

it('a hiccup of the provider is waited out within the request', async () => {
  fail('before', 'create', 'internal', 2);
  expect(await start('hiccup')).toMatchObject({ converged: true, container: { run: { phase: 'running' } } });
});

it('a provider that is away fails the request, keeps its intent, and carries it out when it returns', async () => {
  fail('before', 'create', 'unavailable', 1);
  const refusal = await start('patient').catch((error) => error);
  expect(refusal).toMatchObject({
    code: 'unavailable',
    details: { containerId: expect.any(String), operationId: expect.any(String) },
  });
  const kept = await getContainer(deps, ctx, 'patient');
  expect(kept).toMatchObject({ desired: 'running', attempts: 1, lastError: { code: 'unavailable' } });
  await sql`update containers set next_run_at = longshore_now() where name = 'patient'`;
  await workOffDue(deps, 10);
  await waitFor(async () => statusOf(await getContainer(deps, ctx, 'patient')) === 'running');
  const page = { limit: 10, after: null };
  expect(await listContainerOperations(deps, kept, page)).toMatchObject([{ kind: 'create', state: 'succeeded' }]);
});

it('a reply that is lost after its effect makes nothing twice', async () => {
  const before = await objects();
  fail('after', 'create', 'timeout', 1);
  await expect(start('once')).rejects.toMatchObject({ code: 'timeout' });
  await sql`update containers set next_run_at = longshore_now() where name = 'once'`;
  await workOffDue(deps, 10);
  expect(statusOf(await getContainer(deps, ctx, 'once'))).toBe('running');
  expect(await objects()).toBe(before + 1);
});

it('what can never work fails its operation, and the container says why', async () => {
  fail('before', 'start', 'invalid', 1);
  await expect(start('hopeless')).rejects.toMatchObject({ code: 'invalid' });
  const failed = await getContainer(deps, ctx, 'hopeless');
  expect(statusOf(failed)).toBe('failed');
  expect(failed.run.failure).toMatchObject({ code: 'invalid' });
  expect(await listContainerOperations(deps, failed, { limit: 10, after: null })).toMatchObject([
    { state: 'failed', failure: { code: 'invalid' } },
  ]);
});
