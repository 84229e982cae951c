/** What tenants and operators keep to themselves, over AWS: the log of the shipped process, the events, and what AWS was told. */
import { randomBytes } from 'node:crypto';
import { CreateSecretCommand, SecretsManagerClient } from '@aws-sdk/client-secrets-manager';
import postgres from 'postgres';
import { afterAll, expect, test } from 'vitest';
import { connectionOptions } from '../../src/db/client.ts';
import { newApiKey } from '../../src/domain/api-key.ts';
import { AwsError } from '../aws-fake/aws-error.ts';
import { openAwsAccount } from '../support/aws-account.ts';
import { busyboxImage, pushImage } from '../support/base-images.ts';
import { addressOf, run } from '../support/child.ts';
import { createClient } from '../support/client.ts';
import { openDocker, testDockerHost } from '../support/engine.ts';
import { testDatabase } from '../support/postgres.ts';
import { startRegistry } from '../support/registry.ts';
import { waitFor } from '../support/wait-for.ts';

/** Each with a place that it was put in. */
const canary = (place: string) => `canary-in-${place}-7d2e`;
const auth = { username: canary('username'), password: canary('password') };

const [account, registry, database] = await Promise.all([
  openAwsAccount(),
  startRegistry({ credentials: auth }),
  testDatabase(),
]);
const { fake, site } = account;
const target = { host: registry.host, name: 'private/app:1', credentials: auth };
const image = await pushImage(openDocker(testDockerHost()), busyboxImage, target);
const operatorKey = newApiKey(randomBytes).key;
const server = run('src/entrypoints/node.ts', [], {
  env: {
    ...account.settings,
    LONGSHORE_AWS_SECRETS: 'shop/{tenant}/',
    DATABASE_URL: database.url,
    LONGSHORE_PORT: '0',
    LONGSHORE_LOG_LEVEL: 'trace',
    LONGSHORE_OPERATOR_KEY: operatorKey,
  },
});
let output = '';
for (const stream of [server.child.stdout, server.child.stderr]) {
  stream?.on('data', (chunk) => {
    output += chunk;
  });
}
afterAll(async () => {
  await server.end('SIGTERM');
  await Promise.all([fake.close(), registry.stop(), database.close()]);
});

test('credentials are nowhere, a secret by reference is nowhere, and a variable is with AWS and its tenant only', {
  timeout: 180_000,
}, async () => {
  const operator = createClient(await addressOf(server), operatorKey);
  const { id: tenantId } = await operator.expect<{ id: string }>(201, 'POST', '/v1/tenants', { name: 'a' });
  const wanted = { name: 'x', role: 'admin' };
  const { key } = await operator.expect<{ key: string }>(201, 'POST', '/v1/tenants/a/keys', wanted);
  const admin = createClient(operator.url, key);
  const secret = { Name: `shop/${tenantId}/db`, SecretString: canary('secret') };
  await new SecretsManagerClient({}).send(new CreateSecretCommand(secret));

  const wrong = { ...auth, password: canary('wrong-password') };
  await admin.expect(403, 'POST', '/v1/images/pull', { reference: image, auth: wrong });
  await admin.expect(200, 'POST', '/v1/images/pull', { reference: image, auth });
  const { password } = await admin.expect<{ password: string }>(201, 'POST', '/v1/images/push-credentials', {
    repositories: ['web'],
  });

  const spec = {
    image,
    env: { TOKEN: canary('env') },
    secrets: [{ name: 'PASSWORD', secret: 'db' }],
    command: ['sh', '-c', `: ${canary('command')}; echo "$PASSWORD" | wc -c; sleep 300`],
  };
  await admin.expect(201, 'POST', '/v1/containers', { ...spec, name: 'up', start: true });
  const status = async () => (await admin.expect<{ status: string }>(200, 'GET', '/v1/containers/up')).status;
  await waitFor(async () => (await status()) === 'running', { timeoutMs: 60_000, intervalMs: 200 });
  const exec = { command: ['echo', canary('exec')], env: { EXEC: canary('exec-env') } };
  await admin.expect(200, 'POST', '/v1/containers/up/exec', exec);

  // AWS quotes what it refuses, and what is done in the background is told by the log.
  fake.habits.refuse = (action, input) => {
    if (action !== 'ecs:RunTask' && action !== 'ecs:ListTasks') return undefined;
    const overrides = JSON.stringify(input) + canary('env');
    const text = `1 validation error detected: Value '${overrides}' at 'overrides' failed to satisfy constraint`;
    return new AwsError('InvalidParameterException', text);
  };
  await admin.expect(201, 'POST', '/v1/containers', { ...spec, name: 'refused' });
  await admin.expect(400, 'POST', '/v1/containers/refused/start');
  await waitFor(() => output.includes("1 validation error detected: a value at 'overrides'"), { timeoutMs: 30_000 });
  fake.habits.refuse = () => undefined;
  const { error } = await admin.expect<{ error: object }>(200, 'GET', '/v1/containers/refused');

  const owner = postgres({ ...connectionOptions(database.url), max: 1 });
  const events = JSON.stringify(await owner`select * from events`);
  const operations = JSON.stringify(await owner`select * from operations`);
  await owner.end();
  await server.end('SIGTERM');

  const definitions = JSON.stringify([...site.ecs.families.values()]);
  const tasks = JSON.stringify([...site.ecs.tasks.values()].map(({ task, tags }) => ({ task, tags })));
  const objects = [...site.buckets.buckets.values()].flatMap(({ objects: all }) => [...all.values()]);
  const records = objects.map(({ key: name, bytes }) => `${name} ${bytes}`).join('\n');
  expect(output).toMatch(/hints of ECS interrupted/);
  expect({ events, definitions, records }).toEqual({
    events: expect.stringContaining('accepted.create'),
    definitions: expect.stringContaining('valueFrom'),
    records: expect.stringContaining(canary('env')),
  });
  const mine = [canary('env'), canary('command')];
  const nobodys = [auth.username, auth.password, wrong.password, canary('secret'), password, key, operatorKey];
  const others = [canary('exec'), canary('exec-env'), account.credentials.secretAccessKey];
  for (const text of [output, events, operations, definitions, JSON.stringify(error)]) {
    for (const hidden of [...mine, ...nobodys, ...others]) expect(text).not.toContain(hidden);
  }
  for (const text of [tasks, records]) {
    for (const hidden of [...nobodys, ...others]) expect(text).not.toContain(hidden);
  }
});
