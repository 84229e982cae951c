/** The bundled functions of the background as Lambda runs them: a container's end becomes known, and everything goes to sleep. Needs Postgres. */
import { randomBytes } from 'node:crypto';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { CreateSecretCommand, GetSecretValueCommand, SecretsManagerClient } from '@aws-sdk/client-secrets-manager';
import type { SQSBatchResponse } from 'aws-lambda';
import postgres from 'postgres';
import { afterAll, beforeAll, expect, inject, test } from 'vitest';
import { type Bundle, bundleFunctions } from '../../scripts/bundle.ts';
import { parseConfig } from '../../src/config.ts';
import type { Ctx, Deps } from '../../src/context.ts';
import { connectionOptions } from '../../src/db/client.ts';
import { buildDeps } from '../../src/deps.ts';
import { parseApiKey } from '../../src/domain/api-key.ts';
import { containerSpec } from '../../src/domain/container-spec.ts';
import type { Swept } from '../../src/reconcile/bounded.ts';
import { createContainer, getContainer } from '../../src/services/containers.ts';
import { drainTo } from '../aws-fake/sqs/event-source.ts';
import { type AwsBackground, openAwsBackground } from '../support/aws-background.ts';
import { databaseTime } from '../support/database-time.ts';
import { tenantCtx } from '../support/deps.ts';
import { onDatabase } from '../support/postgres-cluster.ts';
import { waitFor } from '../support/wait-for.ts';
import { startFunction } from './function-process.ts';

const folder = mkdtempSync(join(tmpdir(), 'longshore-background-'));
const name = `t_${randomBytes(6).toString('hex')}`;
const url = onDatabase(inject('postgresUrl'), name);
const cleanup = new AsyncDisposableStack();
let aws: AwsBackground;
let env: Record<string, string>;
let bundles: Bundle[];
let owner: postgres.Sql;
beforeAll(async () => {
  bundles = await bundleFunctions(folder);
  aws = await openAwsBackground();
  owner = postgres({ ...connectionOptions(inject('postgresUrl')), max: 1 });
  await owner.unsafe(`create database ${name}`);
  const sdk = Object.entries(process.env).filter(([each]) => each.startsWith('AWS_'));
  const settings = { ...aws.settings, LONGSHORE_LOG_LEVEL: 'error', LONGSHORE_SWEEP_RULE: 'sweep', DATABASE_URL: url };
  env = { ...(Object.fromEntries(sdk) as Record<string, string>), ...settings };
}, 600_000);
afterAll(async () => {
  await cleanup.disposeAsync();
  await owner.unsafe(`drop database if exists ${name} with (force)`);
  await owner.end();
  const { failures, violations } = aws.fake;
  await aws.fake.close();
  rmSync(folder, { recursive: true, force: true });
  expect({ failures, violations }).toEqual({ failures: [], violations: [] });
});

/** Its process, and how it is invoked. */
async function open(wanted: string, more: Record<string, string> = {}) {
  const folder = bundles.find((each) => each.name === wanted)?.folder ?? '';
  const process = await startFunction(folder, { ...env, ...more });
  cleanup.use(process);
  return async <T>(event: unknown): Promise<T> => {
    const { body } = await process.api.invoke(event);
    const chunks: Buffer[] = [];
    for await (const chunk of body) chunks.push(chunk);
    return JSON.parse(Buffer.concat(chunks).toString()) as T;
  };
}

let deps: Deps;
let ctx: Ctx;

test("migrate makes the database and the operator's key, and has nothing to do the second time", async () => {
  const secrets = new SecretsManagerClient({});
  cleanup.defer(() => secrets.destroy());
  const { ARN: SecretId = '' } = await secrets.send(new CreateSecretCommand({ Name: 'key', SecretString: 'anything' }));
  const key = async () => (await secrets.send(new GetSecretValueCommand({ SecretId }))).SecretString ?? '';
  const migrate = await open('migrate', { LONGSHORE_OPERATOR_KEY_SECRET: SecretId });
  const first = await migrate<{ applied: string[]; latest: string }>({});
  expect(first.applied[0]).toBe('0000_prelude');
  const made = await key();
  expect(parseApiKey(made)).not.toBeNull();
  expect(await migrate({})).toEqual({ applied: [], latest: first.latest });
  expect(await key()).toBe(made);
  deps = await buildDeps(parseConfig({ ...env, LONGSHORE_LOG_LEVEL: 'silent' }));
  cleanup.defer(() => deps.db.close());
  ctx = await tenantCtx(deps, 'a');
  await aws.giveImage(deps, ctx);
}, 600_000);

test('events takes what happens, and complains of poison alone', async () => {
  const events = await open('events');
  const { container } = await createContainer(deps, ctx, { spec: containerSpec.parse({ image: 'app' }), start: true });
  for (const each of aws.runtime.running) each.end({ exitCode: 7 });
  aws.queue.send('poison');
  const complaints: number[] = [];
  const ended = async () => {
    await drainTo(aws.queue, async (event) => {
      const answer = await events<SQSBatchResponse>(event);
      complaints.push(answer.batchItemFailures.length);
      return answer;
    });
    return (await getContainer(deps, ctx, container.id)).run.phase === 'exited';
  };
  await waitFor(ended, { timeoutMs: 30_000 });
  expect((await getContainer(deps, ctx, container.id)).run).toMatchObject({ phase: 'exited', exitCode: 7 });
  expect(Math.max(...complaints)).toBe(1);
});

test('sweep finds nothing left to do, switches its rule off and leaves no connection', async () => {
  const sweep = await open('sweep');
  const time = databaseTime(url);
  cleanup.defer(time.close);
  expect(aws.site.rules.find('sweep').isEnabled).toBe(true);
  await time.advance(120);
  expect(await sweep<Swept>({})).toMatchObject({ isAsleep: true, unfinished: [], tenants: { pending: 0 } });
  expect(aws.site.rules.find('sweep').isEnabled).toBe(false);
  await deps.db.close();
  const sessions = await owner`select usename from pg_stat_activity
    where datname = ${name} and usename in ('longshore_app', 'longshore_reconciler')`;
  expect([...sessions]).toEqual([]);
});
