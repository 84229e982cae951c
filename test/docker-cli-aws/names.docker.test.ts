/** How containers on AWS find each other: names in a private DNS namespace, on the networks they share. */
import { expect, test } from 'vitest';
import { openAwsDoor } from '../support/aws-door.ts';
import { waitFor } from '../support/wait-for.ts';

const { a, account, image } = await openAwsDoor();
const addressOf = (name: string) =>
  a.ok(['inspect', '-f', '{{range .NetworkSettings.Networks}}{{.IPAddress}}{{end}}', name]);
/** The addresses of a name as a container's resolver gives them. */
const resolved = async (by: string, name: string) => {
  const { stdout } = await a.run(['exec', by, 'sh', '-c', `nslookup -type=a ${name} | tail -n +3`], {
    timeoutSeconds: 20,
  });
  return [...stdout.matchAll(/^Address: ([\d.]+)$/gm)].map(([, address]) => address);
};

test('a name and its aliases lead to the container while it runs, and nowhere afterwards', {
  timeout: 240_000,
}, async () => {
  await a.ok(['pull', image]);
  const network = (await a.ok(['network', 'create', 'backend'])).slice(0, 12);
  const on = ['--network', 'backend'];
  await a.ok(['run', '-d', '--name', 'db', '--network-alias', 'store', ...on, image, 'sleep', '600']);
  await a.ok(['run', '-d', '--name', 'client', ...on, image, 'sleep', '600']);
  const address = await waitFor(async () => (await addressOf('db')) || null, { timeoutMs: 60_000 });
  await waitFor(async () => (await addressOf('client')) || null, { timeoutMs: 60_000 });
  expect(await a.ok(['exec', 'client', 'sh', '-c', 'echo $LONGSHORE_DOMAIN'])).toBe(`${network}.apps.internal`);
  for (const name of ['db', 'store']) {
    const found = async () => (await resolved('client', `${name}.${network}.apps.internal`)).length > 0;
    await waitFor(found, { timeoutMs: 60_000 });
    expect(await resolved('client', `${name}.${network}.apps.internal`)).toEqual([address]);
  }

  await a.ok(['rm', '-f', 'db']);
  expect(await resolved('client', `db.${network}.apps.internal`)).toEqual([]);
  await a.ok(['rm', '-f', 'client']);
  await a.ok(['network', 'rm', 'backend']);
  const left = [...account.site.names.services.values()].map(({ shown }) => shown.Name);
  expect(left.filter((name) => name.endsWith(`.${network}`))).toEqual([]);
});
