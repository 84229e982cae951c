import { randomBytes } from 'node:crypto';
import postgres from 'postgres';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { connectionOptions } from '../../src/db/client.ts';
import { newApiKey } from '../../src/domain/api-key.ts';
import { addressOf, run, type TestProcess } from '../support/child.ts';
import { createClient, type TestClient } from '../support/client.ts';
import { type TestDatabase, testDatabase } from '../support/postgres.ts';

/** Each with a place that it was put in. */
const canary = (place: string) => `canary-in-${place}-5f1c`;

describe('the log of the shipped process, at its most talkative', () => {
  let database: TestDatabase;
  let server: TestProcess;
  let operator: TestClient;
  let admin: TestClient;
  let output = '';

  beforeAll(async () => {
    database = await testDatabase();
    const operatorKey = newApiKey(randomBytes).key;
    server = run('src/entrypoints/node.ts', [], {
      env: {
        DATABASE_URL: database.url,
        LONGSHORE_PORT: '0',
        LONGSHORE_PROVIDER: 'memory',
        LONGSHORE_LOG_LEVEL: 'trace',
        LONGSHORE_OPERATOR_KEY: operatorKey,
      },
    });
    for (const stream of [server.child.stdout, server.child.stderr]) {
      stream?.on('data', (chunk) => {
        output += chunk;
      });
    }
    operator = createClient(await addressOf(server), operatorKey);
    await operator.expect(201, 'POST', '/v1/tenants', { name: 'a' });
    const { key } = await operator.expect<{ key: string }>(201, 'POST', '/v1/tenants/a/keys', {
      name: 'x',
      role: 'admin',
    });
    admin = createClient(operator.url, key);
  });
  afterAll(async () => {
    await server?.end('SIGTERM');
    await database?.close();
  });

  const secrets = {
    env: { SECRET: canary('env') },
    command: ['no-such-command', canary('command')],
    labels: { l: 'x' },
  };

  it('has no secret in it, whether a request works, is refused, or fails at the provider', async () => {
    const auth = { username: canary('username'), password: canary('password') };
    await admin.expect(200, 'POST', '/v1/images/pull', { reference: 'app', auth });
    await admin.expect(403, 'POST', '/v1/images/pull', { reference: 'private/app', auth });
    await admin.expect(400, 'POST', '/v1/images/pull', { reference: 'app', auth, extra: canary('field') });
    await admin.expect(201, 'POST', '/v1/containers', { ...secrets, image: 'app', name: 'made' });
    await admin.expect(400, 'POST', '/v1/containers/made/start');
    await admin.expect(400, 'POST', '/v1/containers', { ...secrets, image: 'app', ports: 'x' });
    await admin.expect(404, 'POST', '/v1/containers', { ...secrets, image: 'missing' });
    const up = { image: 'app', name: 'up', command: ['sleep', '600'], start: true };
    await admin.expect(201, 'POST', '/v1/containers', up, { 'idempotency-key': canary('idempotency-key') });
    await admin.expect(200, 'POST', '/v1/containers/up/exec', { command: ['echo', canary('exec')], env: secrets.env });
    await admin.send('GET', '/v1/containers', undefined, {
      cookie: canary('cookie'),
      'x-registry-auth': canary('header'),
    });
    await createClient(admin.url, canary('key')).expect(401, 'GET', '/v1/containers');
    await admin.expect(400, 'GET', `/v1/containers?key=${admin.key}`);
    const { ticket } = await admin.expect<{ ticket: string }>(201, 'POST', '/v1/tickets');
    await (await fetch(`${admin.url}/v1/events?follow=false&ticket=${ticket}`)).body?.cancel();
    await fetch(`${admin.url}/v1/containers`, {
      method: 'POST',
      headers: { authorization: `Bearer ${admin.key}` },
      body: canary('body'),
    });
    await failInTheDatabase();
    await server.end('SIGTERM');

    expect(output).toMatch(/"msg":"request failed"/);
    expect(output).not.toContain('canary-in-');
    for (const secret of [admin.key, operator.key, ticket]) expect(output).not.toContain(secret.slice(-40));
  });

  /** Errors that carry what they failed on: Postgres quotes the whole row, drizzle all the parameters. */
  async function failInTheDatabase(): Promise<void> {
    const owner = postgres({ ...connectionOptions(database.url), max: 1 });
    await owner`alter table containers add constraint no_broken check (name <> 'broken')`;
    await owner`alter table api_keys add constraint no_broken check (name not like 'canary%')`;
    await owner.end();
    await admin.expect(500, 'POST', '/v1/containers', { ...secrets, image: 'app', name: 'broken' });
    await operator.expect(500, 'POST', '/v1/tenants/a/keys', { name: canary('key-name'), role: 'admin' });
  }
});
