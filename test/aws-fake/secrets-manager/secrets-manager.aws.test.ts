/** Secrets Manager: versions of a secret, and how a task definition names them. */
import {
  CreateSecretCommand,
  DeleteSecretCommand,
  DescribeSecretCommand,
  GetSecretValueCommand,
  ListSecretsCommand,
  PutSecretValueCommand,
  SecretsManagerClient,
} from '@aws-sdk/client-secrets-manager';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { defaultAccount } from '../front-door.ts';
import { type AwsFake, startAwsFake } from '../server.ts';

const region = 'eu-west-1';
let fake: AwsFake;
let client: SecretsManagerClient;
beforeEach(async () => {
  fake = await startAwsFake();
  client = new SecretsManagerClient({ region, endpoint: fake.url, credentials: fake.addUser(), maxAttempts: 1 });
});
afterEach(async () => {
  await fake.close();
  expect({ failures: fake.failures, violations: fake.violations }).toEqual({ failures: [], violations: [] });
});

test('a secret has versions, of which a reference can name one and a key of it', async () => {
  const Name = 'tenants/a/key';
  const { ARN = '', VersionId } = await client.send(new CreateSecretCommand({ Name, SecretString: '{"k":"old"}' }));
  await expect(client.send(new CreateSecretCommand({ Name }))).rejects.toMatchObject({
    name: 'ResourceExistsException',
  });
  await client.send(new PutSecretValueCommand({ SecretId: Name, SecretString: '{"k":"new"}' }));
  const { SecretString } = await client.send(new GetSecretValueCommand({ SecretId: ARN }));
  expect(SecretString).toBe('{"k":"new"}');
  const { secrets } = fake.site(defaultAccount, region);
  expect(secrets.valueFrom(ARN)).toBe('{"k":"new"}');
  expect(secrets.valueFrom(`${ARN}:k::`)).toBe('new');
  expect(secrets.valueFrom(`${ARN}:k:AWSPREVIOUS:`)).toBe('old');
  expect(secrets.valueFrom(`${ARN}:k::${VersionId}`)).toBe('old');
  expect(() => secrets.valueFrom(`${ARN}:none::`)).toThrow('json key');
});

test('a deleted secret has no value, and is listed no more', async () => {
  await client.send(new CreateSecretCommand({ Name: 'x', SecretString: 's', Tags: [{ Key: 'tenant', Value: 'a' }] }));
  const list = async () =>
    (await client.send(new ListSecretsCommand({ Filters: [{ Key: 'name', Values: ['x'] }] }))).SecretList;
  expect(await list()).toMatchObject([{ Name: 'x', Tags: [{ Key: 'tenant', Value: 'a' }] }]);
  await client.send(new DeleteSecretCommand({ SecretId: 'x' }));
  await expect(client.send(new GetSecretValueCommand({ SecretId: 'x' }))).rejects.toMatchObject({
    name: 'InvalidRequestException',
  });
  expect(await list()).toEqual([]);
  expect((await client.send(new DescribeSecretCommand({ SecretId: 'x' }))).DeletedDate).toBeInstanceOf(Date);
});
