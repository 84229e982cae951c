/**
 * The bundled api function in AWS's own runtime client, behind a gateway that makes events of requests, with a real Postgres, over the
 * fake AWS whose tasks are real processes.
 */
import { randomBytes } from 'node:crypto';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { type Bundle, bundleFunctions } from '../../scripts/bundle.ts';
import { startAgent } from '../../src/agent/agent.ts';
import { parseConfig } from '../../src/config.ts';
import type { Deps } from '../../src/context.ts';
import { buildDeps } from '../../src/deps.ts';
import { newApiKey } from '../../src/domain/api-key.ts';
import { startWorker } from '../../src/reconcile/worker.ts';
import { type AwsAccount, openAwsAccount } from '../support/aws-account.ts';
import { busyboxImage, pushImage } from '../support/base-images.ts';
import { createClient, type TestClient } from '../support/client.ts';
import { dockerCli, dockerCliWith } from '../support/docker-cli.ts';
import { openDocker, testDockerHost } from '../support/engine.ts';
import { type TestDatabase, testDatabase } from '../support/postgres.ts';
import { startRegistry, type TestRegistry } from '../support/registry.ts';
import { waitFor } from '../support/wait-for.ts';
import { workOffDue } from '../support/work-off-due.ts';
import { startFunction } from './function-process.ts';
import { type Gateway, startGateway } from './gateway.ts';
import { gatewayEvent } from './gateway-event.ts';

const folder = mkdtempSync(join(tmpdir(), 'longshore-functions-'));
const operatorKey = newApiKey(randomBytes).key;
let bundles: Bundle[];
let database: TestDatabase;
let account: AwsAccount;
let registry: TestRegistry;
let image: string;
let gateway: Gateway;
let tenant: TestClient;
/** What the sweep function does meanwhile. */
let sweeper: Deps;

beforeAll(async () => {
  bundles = await bundleFunctions(join(folder, 'functions'));
  [database, account, registry] = await Promise.all([testDatabase(), openAwsAccount(), startRegistry()]);
  image = await pushImage(openDocker(testDockerHost()), busyboxImage, { host: registry.host, name: 'base/busybox:1' });
  const settings = { ...account.settings, LONGSHORE_LOG_LEVEL: 'error', DATABASE_URL: database.url };
  sweeper = await buildDeps(parseConfig({ ...settings, LONGSHORE_LOG_LEVEL: 'silent' }));
  const sdk = Object.fromEntries(Object.entries(process.env).filter(([name]) => name.startsWith('AWS_')));
  gateway = await startGateway(folderOf('api'), { ...sdk, ...settings, LONGSHORE_OPERATOR_KEY: operatorKey });
  const operator = createClient(gateway.url, operatorKey);
  await operator.expect(201, 'POST', '/v1/tenants', { name: 'tenant-a' });
  const key = { name: 'admin', role: 'admin' };
  tenant = createClient(
    gateway.url,
    (await operator.expect<{ key: string }>(201, 'POST', '/v1/tenants/tenant-a/keys', key)).key,
  );
}, 600_000);
afterAll(async () => {
  await gateway?.[Symbol.asyncDispose]();
  const { signal } = new AbortController();
  for (const object of await sweeper.provider.listOwned({ signal })) await sweeper.provider.discard(object, { signal });
  await sweeper.db.close();
  await Promise.all([account.fake.close(), registry.stop(), database.close()]);
  rmSync(folder, { recursive: true, force: true });
  const { failures, violations } = account.fake;
  expect({ failures, violations }).toEqual({ failures: [], violations: [] });
});

const folderOf = (wanted: string): string => {
  const bundle = bundles.find(({ name }) => name === wanted);
  if (!bundle) throw new Error(`${wanted} was not bundled`);
  return bundle.folder;
};

/** Until it is so, while the sweep does its work. */
const statusOf = async (id: string, status: string): Promise<void> => {
  await waitFor(
    async () => {
      await workOffDue(sweeper, 10);
      return (await tenant.expect<{ status: string }>(200, 'GET', `/v1/containers/${id}`)).status === status;
    },
    { timeoutMs: 60_000, intervalMs: 250 },
  );
};

test('a container lives by way of API Gateway: create, start, a followed log, a command, stop, remove', {
  timeout: 300_000,
}, async () => {
  const pulled = await tenant.send('POST', '/v1/images/pull', { reference: image });
  expect([pulled.status, await pulled.text()]).toEqual([expect.toBeOneOf([200, 201]), expect.any(String)]);
  const talk = 'trap "echo bye; exit 3" TERM; echo hello; while :; do sleep 0.1; done';
  const body = { image, name: 'box', command: ['sh', '-c', talk] };
  const { id } = await tenant.expect<{ id: string }>(201, 'POST', '/v1/containers', body);
  const started = await tenant.send('POST', `/v1/containers/${id}/start`);
  expect(started.status).toBeOneOf([200, 202]);
  await statusOf(id, 'running');

  const followed = await tenant.send('GET', `/v1/containers/${id}/logs?follow=true`);
  const reader = followed.body?.pipeThrough(new TextDecoderStream()).getReader();
  // It comes while the log goes on, which it does until the container stops.
  expect(await reader?.read()).toMatchObject({ value: 'hello\n' });

  const ran = await tenant.expect(200, 'POST', `/v1/containers/${id}/exec`, {
    command: ['sh', '-c', 'echo out; exit 7'],
  });
  expect(ran).toMatchObject({ exitCode: 7, stdout: 'out\n' });
  const stopped = await tenant.send('POST', `/v1/containers/${id}/stop`, { graceSeconds: 20 });
  expect(stopped.status).toBeOneOf([200, 202]);
  await statusOf(id, 'exited');
  let rest = '';
  for (let step = await reader?.read(); step && !step.done; step = await reader?.read()) rest += step.value;
  expect(rest).toBe('bye\n');
  expect(await tenant.expect(200, 'GET', `/v1/containers/${id}`)).toMatchObject({ exitCode: 3 });

  await tenant.send('DELETE', `/v1/containers/${id}`);
  await waitFor(async () => {
    await workOffDue(sweeper, 10);
    return (await tenant.send('GET', `/v1/containers/${id}`)).status === 404;
  });
  expect([...account.site.ecs.tasks.values()].filter(({ task }) => task.lastStatus !== 'STOPPED')).toEqual([]);
});

test('the plain docker CLI works by the same way, and is told what does not', { timeout: 300_000 }, async () => {
  using cli = dockerCli(gateway.url, tenant.key);
  await cli.ok(['pull', image]);
  const id = await cli.ok(['run', '-d', '--name', 'cli', image, 'sh', '-c', 'echo from the CLI; sleep 600']);
  await statusOf(id, 'running');
  expect(await cli.ok(['ps', '--format', '{{.Names}} {{.State}}'])).toBe('cli running');
  await waitFor(async () => (await cli.ok(['logs', 'cli'])) === 'from the CLI', { timeoutMs: 30_000 });
  const exec = await cli.run(['exec', 'cli', 'true']);
  expect([exec.exitCode === 0, exec.stderr]).toEqual([false, expect.stringContaining('longshore connect')]);
  // Of what refuses an upgrade the CLI shows no more than the status.
  for (const args of [
    ['attach', 'cli'],
    ['run', '--rm', image, 'true'],
  ]) {
    const { exitCode, stderr } = await cli.run(args);
    expect([args, exitCode === 0, stderr]).toEqual([args, false, expect.stringContaining('received 501')]);
  }
  await cli.ok(['rm', '-f', 'cli']);
});

test('through `longshore connect` the same CLI runs in the foreground, executes with input and shows a terminal', {
  timeout: 300_000,
}, async () => {
  const agent = await startAgent({ url: new URL(gateway.url), key: tenant.key, ca: null }, { port: 0 });
  using cli = dockerCliWith({ DOCKER_HOST: agent.dockerHost });
  // What the functions for events and sweeps do.
  const background = startWorker(sweeper, { sweepSeconds: 60 });
  try {
    const talk = 'echo out; sleep 1; echo more; exit 4';
    const said = await cli.run(['run', '--rm', image, 'sh', '-c', talk], { timeoutSeconds: 120 });
    expect(said).toMatchObject({ exitCode: 4, stdout: 'out\nmore\n' });
    await cli.ok(['run', '-d', '--name', 'inside', image, 'sleep', '600']);
    await waitFor(async () => (await cli.ok(['ps', '--format', '{{.Names}} {{.State}}'])) === 'inside running', {
      timeoutMs: 60_000,
    });
    const echoed = await cli.run(['exec', '-i', 'inside', 'sh', '-c', 'cat; echo no >&2; exit 9'], {
      input: 'typed\n',
    });
    expect(echoed).toEqual({ exitCode: 9, stdout: 'typed\n', stderr: 'no\n' });
    expect((await cli.script('docker exec -it inside sh', 'echo $((6*7)); exit\n')).stdout).toContain('42');
    await cli.ok(['rm', '-f', 'inside']);
  } finally {
    await Promise.all([background.stop(), agent.close()]);
  }
});

test('an answer is streamed, with what a gateway must know before it', async () => {
  await using own = await startFunction(folderOf('api'), { LONGSHORE_PROVIDER: 'memory', DATABASE_URL: database.url });
  const ping = { httpMethod: 'HEAD', path: '/_ping', headers: { Host: 'api.example.test' } };
  const reply = await own.api.invoke(ping);
  expect([reply.isStreamed, reply.head?.statusCode, reply.head?.headers['api-version']]).toEqual([true, 200, '1.51']);
  for await (const _ of reply.body);
  expect(await reply.ended).toBe(null);
  const malformed = await own.api.invoke({ Records: [] });
  expect(malformed.head?.statusCode).toBe(400);
  for await (const _ of malformed.body);
  expect(await malformed.ended).toBe(null);
  expect(own.log()).not.toContain('Invoke Error');
});

test('a stream whose reader Lambda does not tell us of ends with the time of the invocation, and the next one is served', async () => {
  await using own = await startFunction(folderOf('api'), { LONGSHORE_PROVIDER: 'memory', DATABASE_URL: database.url });
  const headers = { Authorization: `Bearer ${tenant.key}`, Accept: 'text/event-stream' };
  const followed = await own.api.invoke(gatewayEvent({ method: 'GET', target: '/v1/events', headers }), 4_000);
  let text = '';
  for await (const chunk of followed.body) text += chunk;
  expect([text, await followed.ended]).toEqual([expect.stringMatching(/\n\n$/), null]);
  const next = await own.api.invoke(gatewayEvent({ method: 'GET', target: '/healthz' }));
  for await (const _ of next.body);
  expect([next.head?.statusCode, await next.ended]).toEqual([200, null]);
});

test('a function that answers as a whole runs the same way: the migrations, once and once more', async () => {
  await using own = await startFunction(folderOf('migrate'), {
    LONGSHORE_PROVIDER: 'memory',
    DATABASE_URL: database.url,
  });
  for (let count = 0; count < 2; count++) {
    const { isStreamed, head, body, ended } = await own.api.invoke({});
    let text = '';
    for await (const chunk of body) text += chunk;
    expect([isStreamed, head, await ended, JSON.parse(text)]).toEqual([false, null, null, expect.any(Object)]);
  }
});

test('a function without its settings fails while it starts, with one line that names them', async () => {
  await using own = await startFunction(folderOf('api'), { LONGSHORE_PROVIDER: 'aws' });
  expect(await own.api.initError).toBe(
    'DATABASE_URL or LONGSHORE_DATABASE_SECRET: is missing; LONGSHORE_AWS_VPC: is missing; LONGSHORE_AWS_SUBNETS: is missing; ' +
      'LONGSHORE_AWS_EXECUTION_ROLE: is missing; LONGSHORE_AWS_BUCKET: is missing',
  );
});

test('the same source makes the same bytes', async () => {
  const again = await bundleFunctions(join(folder, 'again'));
  expect(again.map(({ name, sha256 }) => [name, sha256])).toEqual(bundles.map(({ name, sha256 }) => [name, sha256]));
  for (const { name, startBytes } of again) expect([name, startBytes < 1_200_000]).toEqual([name, true]);
});
