/** The node process as Fargate runs it: with nothing but names of secrets in its environment. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { CreateSecretCommand, SecretsManagerClient } from '@aws-sdk/client-secrets-manager';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { newApiKey } from '../../src/domain/api-key.ts';
import { systemIds } from '../../src/domain/clock.ts';
import { type AwsFake, startAwsFake } from '../aws-fake/server.ts';
import { type TestAuthority, testAuthority } from '../support/authority.ts';
import { addressOf, run, type TestProcess } from '../support/child.ts';
import { type TestDatabase, testDatabase } from '../support/postgres.ts';
import { sendTls } from '../support/tls-client.ts';

const region = 'eu-west-1';
const { key } = newApiKey((length) => systemIds.bytes(length));
let database: TestDatabase;
let fake: AwsFake;
let authority: TestAuthority;
let service: TestProcess;

beforeAll(async () => {
  [database, fake, authority] = [await testDatabase(), await startAwsFake(), testAuthority()];
  const credentials = fake.addUser();
  const client = new SecretsManagerClient({ region, endpoint: fake.url, credentials });
  const create = async (Name: string, SecretString: string) =>
    (await client.send(new CreateSecretCommand({ Name, SecretString }))).ARN ?? '';
  const pem = (name: string) => readFileSync(join(authority.folder, name), 'utf8');
  const tls = { certificate: pem('server.pem'), privateKey: pem('server-key.pem') };
  const ca = { caCertificate: pem('ca.pem'), caPrivateKey: pem('ca-key.pem') };
  service = run('src/entrypoints/service.ts', [], {
    env: {
      AWS_ENDPOINT_URL: fake.url,
      AWS_REGION: region,
      AWS_ACCESS_KEY_ID: credentials.accessKeyId,
      AWS_SECRET_ACCESS_KEY: credentials.secretAccessKey,
      DATABASE_URL: database.url,
      LONGSHORE_PROVIDER: 'memory',
      LONGSHORE_PORT: '0',
      LONGSHORE_TLS_PORT: '0',
      LONGSHORE_OPERATOR_KEY_SECRET: await create('operator-key', key),
      LONGSHORE_TLS_SECRET: await create('tls', JSON.stringify({ ...tls, ...ca })),
    },
  });
  client.destroy();
});
afterAll(async () => {
  await service?.end('SIGTERM');
  authority?.remove();
  await fake?.close();
  await database?.close();
});

test("it speaks TLS with the secret's certificate, and knows the operator's key", async () => {
  const url = await addressOf(service);
  expect(url).toMatch(/^https:/);
  const ca = readFileSync(join(authority.folder, 'ca.pem'), 'utf8');
  const headers = { authorization: `Bearer ${key}` };
  expect(await sendTls(url, ca, {}, { path: '/readyz' })).toMatchObject({ status: 200 });
  expect(await sendTls(url, ca, {}, { path: '/v1/tenants', headers })).toMatchObject({ status: 200 });
  expect(await sendTls(url, ca, {}, { path: '/v1/tenants' })).toMatchObject({ status: 401 });
});
