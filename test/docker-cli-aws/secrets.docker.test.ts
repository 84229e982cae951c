/** Secrets by reference: a container has their values, and nothing that is written down or shown does. */
import { CreateSecretCommand, SecretsManagerClient } from '@aws-sdk/client-secrets-manager';
import { expect, test } from 'vitest';
import { openAwsDoor } from '../support/aws-door.ts';
import { waitFor } from '../support/wait-for.ts';

const { a, b, app, account, image } = await openAwsDoor({ LONGSHORE_AWS_SECRETS: 'shop/{tenant}/' });
const value = 'correct horse battery staple';

async function keep(tenant: string, name: string, text: string): Promise<void> {
  const { id } = await app.operator.expect<{ id: string }>(200, 'GET', `/v1/tenants/${tenant}`);
  await new SecretsManagerClient({}).send(new CreateSecretCommand({ Name: `shop/${id}/${name}`, SecretString: text }));
}

test('a label names a secret of the tenant, whose value only the process gets', { timeout: 180_000 }, async () => {
  await keep(app.a.name, 'db', JSON.stringify({ password: value }));
  await a.ok(['pull', image]);
  const label = ['--label', 'longshore.secret.PASSWORD=db#password'];
  const say = 'echo -n $PASSWORD | wc -c; sleep 600';
  await a.ok(['run', '-d', '--name', 'shop', ...label, image, 'sh', '-c', say]);
  const said = await waitFor(async () => (await a.ok(['logs', 'shop'])) || null, { timeoutMs: 60_000 });
  expect(said).toBe(String(value.length));

  const shown = await a.ok(['inspect', 'shop']);
  const byLabel = ['ps', '-a', '--format', '{{.Names}}', '--filter', 'label=longshore.secret.PASSWORD'];
  expect(await a.ok(byLabel)).toBe('shop');
  expect(JSON.parse(shown)[0].Config.Labels).toMatchObject({ 'longshore.secret.PASSWORD': 'db#password' });
  const { families, tasks } = account.site.ecs;
  const atAws = JSON.stringify([[...families.values()], [...tasks.values()].map(({ task }) => task)]);
  expect(atAws).toContain('valueFrom');
  for (const text of [shown, atAws]) expect(text).not.toContain(value);
  await a.ok(['rm', '-f', 'shop']);
});

test('the secret of another tenant is none, and the start says so', { timeout: 180_000 }, async () => {
  await b.ok(['pull', image]);
  const label = ['--label', 'longshore.secret.PASSWORD=db#password'];
  const { exitCode, stderr } = await b.run(['run', '-d', '--name', 'thief', ...label, image, 'sleep', '600']);
  expect({ exitCode, stderr }).toMatchObject({
    exitCode: 125,
    stderr: expect.stringContaining('could not read a secret'),
  });
  const { status } = await app.b.admin.expect<{ status: string }>(200, 'GET', '/v1/containers/thief');
  expect(status).toBe('failed');
  await b.ok(['rm', '-f', 'thief']);
});
