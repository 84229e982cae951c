/** What functions and the service keep in Secrets Manager, on the fake of it. */
import { readFileSync, statSync } from 'node:fs';
import {
  CreateSecretCommand,
  GetSecretValueCommand,
  PutSecretValueCommand,
  SecretsManagerClient,
} from '@aws-sdk/client-secrets-manager';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { parseApiKey } from '../../src/domain/api-key.ts';
import { systemClock, systemIds } from '../../src/domain/clock.ts';
import { ensureOperatorKey } from '../../src/lambda/operator-key.ts';
import { tlsFiles } from '../../src/lambda/tls-files.ts';
import { createAuthority, issueServer } from '../../src/pki/authority.ts';
import { type AwsFake, startAwsFake } from '../aws-fake/server.ts';

const region = 'eu-west-1';
let fake: AwsFake;
let client: SecretsManagerClient;

beforeEach(async () => {
  fake = await startAwsFake();
  const credentials = fake.addUser();
  Object.assign(process.env, {
    AWS_ENDPOINT_URL: fake.url,
    AWS_REGION: region,
    AWS_ACCESS_KEY_ID: credentials.accessKeyId,
    AWS_SECRET_ACCESS_KEY: credentials.secretAccessKey,
  });
  client = new SecretsManagerClient({ region, endpoint: fake.url, credentials });
});
afterEach(async () => {
  client.destroy();
  await fake.close();
  expect({ failures: fake.failures, violations: fake.violations }).toEqual({ failures: [], violations: [] });
});

const create = async (SecretString: string): Promise<string> =>
  (await client.send(new CreateSecretCommand({ Name: 'secret', SecretString }))).ARN ?? '';
const read = async (arn: string) =>
  (await client.send(new GetSecretValueCommand({ SecretId: arn }))).SecretString ?? '';

describe("the operator's key", () => {
  test('is made by the first deployment, and left alone by every other', async () => {
    const arn = await create('what Secrets Manager thought of');
    expect(await ensureOperatorKey(arn, systemIds)).toBe(true);
    const key = await read(arn);
    expect(parseApiKey(key)).not.toBeNull();
    expect(await ensureOperatorKey(arn, systemIds)).toBe(false);
    expect(await read(arn)).toBe(key);
  });

  test('that somebody has changed stays', async () => {
    const arn = await create('x');
    await ensureOperatorKey(arn, systemIds);
    const own = `${await read(arn)}\n`;
    await client.send(new PutSecretValueCommand({ SecretId: arn, SecretString: own }));
    expect(await ensureOperatorKey(arn, systemIds)).toBe(false);
    expect(await read(arn)).toBe(own);
  });
});

describe('the certificate of the service', () => {
  const lifetime = { notBefore: new Date(systemClock.now()), notAfter: new Date(systemClock.now() + 86_400_000) };
  const authority = createAuthority({ serial: systemIds.bytes(16), ...lifetime });
  const server = issueServer(authority, ['longshore.example.com'], { serial: systemIds.bytes(16), ...lifetime });
  const own = { certificate: server.certificatePem, privateKey: server.privateKeyPem };
  const ca = { caCertificate: authority.certificatePem, caPrivateKey: authority.privateKeyPem };

  test('becomes files that nobody else can read, with the authority of clients or without', async () => {
    const files = await tlsFiles(await create(JSON.stringify({ ...own, ...ca })));
    expect(Object.keys(files).sort()).toEqual([
      'LONGSHORE_CA_CERT',
      'LONGSHORE_CA_KEY',
      'LONGSHORE_TLS_CERT',
      'LONGSHORE_TLS_KEY',
    ]);
    expect(readFileSync(files.LONGSHORE_TLS_KEY ?? '', 'utf8')).toBe(server.privateKeyPem);
    expect(statSync(files.LONGSHORE_TLS_KEY ?? '').mode & 0o777).toBe(0o600);
  });

  test.each([
    ['no JSON', 'nonsense', 'expected object'],
    ['half of it', JSON.stringify({ certificate: server.certificatePem }), 'privateKey'],
    ['half of the authority', JSON.stringify({ ...own, caCertificate: ca.caCertificate }), 'go together'],
    ['no PEM', JSON.stringify({ ...own, privateKey: 'secret' }), 'privateKey'],
  ])('that is %s is refused in one line without a word of it', async (_, text, message) => {
    const error = await tlsFiles(await create(text)).catch((thrown: Error) => thrown);
    expect(error).toBeInstanceOf(Error);
    expect((error as Error).message).toMatch(/^LONGSHORE_TLS_SECRET: [^\n]*$/);
    expect((error as Error).message).toContain(message);
    expect((error as Error).message).not.toContain('secret ');
  });
});
