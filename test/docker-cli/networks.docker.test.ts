/** docker network through the plain CLI: what is made, who is on it, and which names resolve there. */
import { expect, test } from 'vitest';
import type { DockerCli } from '../support/docker-cli.ts';
import { openDoor } from '../support/door.ts';
import { waitFor } from '../support/wait-for.ts';

const { app, a, b } = await openDoor();

const names = async (cli: DockerCli, ...filters: string[]) =>
  (await cli.ok(['network', 'ls', '--format', '{{.Name}}', ...filters.flatMap((filter) => ['--filter', filter])]))
    .split('\n')
    .filter(Boolean)
    .sort();
const inspect = async (cli: DockerCli, name: string) => JSON.parse(await cli.ok(['network', 'inspect', name]))[0];
const serve = (cli: DockerCli, name: string) =>
  cli.ok([
    ...['run', '-d', '--name', name, app.image, 'sh', '-c'],
    `mkdir -p /www && echo ${name} > /www/index.html && exec httpd -f -p 8080 -h /www`,
  ]);
/** What a container gets from another; empty when it gets nothing. */
async function fetched(cli: DockerCli, from: string, host: string): Promise<string> {
  return (await cli.run(['exec', from, 'timeout', '3', 'wget', '-qO-', `http://${host}:8080/`])).stdout.trim();
}

test('create, ls with filters, inspect and rm', async () => {
  await a.ok(['network', 'create', '--label', 'tier=db', '--internal', '--attachable', 'back']);
  await a.ok(['network', 'create', 'front']);
  expect(await names(a)).toEqual(['back', 'bridge', 'front']);
  expect(await names(a, 'label=tier=db')).toEqual(['back']);
  expect(await names(a, 'name=fro')).toEqual(['front']);
  expect(await names(a, 'type=builtin')).toEqual(['bridge']);
  expect(await names(a, 'driver=overlay')).toEqual([]);
  expect(await names(a, 'dangling=true')).toEqual(['back', 'bridge', 'front']);
  const made = await inspect(a, 'back');
  expect(made).toMatchObject({
    ...{ Name: 'back', Driver: 'bridge', Scope: 'local', Internal: true, Attachable: true },
    Labels: { tier: 'db' },
    Containers: {},
  });
  expect(await names(a, `id=${made.Id.slice(0, 12)}`)).toEqual(['back']);
  expect(await a.run(['network', 'ls', '--filter', 'nope=1'])).toMatchObject({
    exitCode: 1,
    stderr: expect.stringContaining("Invalid filter 'nope'"),
  });
  expect(await a.run(['network', 'create', 'front'])).toMatchObject({
    exitCode: 1,
    stderr: expect.stringContaining('network with name front already exists'),
  });
  await a.ok(['network', 'rm', 'front', made.Id.slice(0, 12)]);
  expect(await a.run(['network', 'rm', 'front'])).toMatchObject({
    exitCode: 1,
    stderr: expect.stringContaining('network front not found'),
  });
  expect((await a.run(['network', 'rm', 'bridge'])).stderr).toContain('cannot be removed');
});

test('a subnet is given where it is free and allowed, and what a tenant may not choose is refused with a reason', async () => {
  await a.ok(['network', 'create', '--subnet', '172.30.77.0/24', '--gateway', '172.30.77.9', 'chosen']);
  expect((await inspect(a, 'chosen')).IPAM.Config).toEqual([{ Subnet: '172.30.77.0/24', Gateway: '172.30.77.9' }]);
  await serve(a, 'settler');
  await a.ok(['network', 'connect', 'chosen', 'settler']);
  expect(await a.ok(['exec', 'settler', 'ip', '-4', 'addr'])).toContain('172.30.77.');
  await a.ok(['rm', '-f', 'settler']);
  const refusals: [string[], string][] = [
    [['--subnet', '172.30.77.0/24'], 'Pool overlaps'],
    [['--subnet', '10.1.2.0/24'], 'must be inside of'],
    [['--subnet', '172.30.1.0/16'], 'it should begin with'],
    [['--subnet', '172.28.0.0/15'], '/16 to /29'],
    [['--driver', 'overlay'], 'every network is a bridge'],
    [['--driver', 'macvlan', '-o', 'parent=eth0'], 'every network is a bridge'],
    [['-o', 'com.docker.network.bridge.name=docker0'], 'com.docker.network.bridge.name is refused'],
    [['--ipv6'], 'IPv4 addresses only'],
    [['--ipam-driver', 'other'], 'IPAM.Driver other is refused'],
  ];
  for (const [options, reason] of refusals) {
    const refused = await b.run(['network', 'create', ...options, 'refused']);
    expect([options, refused]).toMatchObject([options, { exitCode: 1, stderr: expect.stringContaining(reason) }]);
  }
  for (const name of ['bridge', 'host', 'none']) expect((await b.run(['network', 'create', name])).exitCode).toBe(1);
  expect(await names(b)).toEqual(['bridge']);
  await a.ok(['network', 'rm', 'chosen']);
});

test('connect and disconnect with aliases: names resolve where they should, and inspect shows who is there', async () => {
  await a.ok(['network', 'create', 'shared']);
  await Promise.all([serve(a, 'web'), serve(a, 'peer')]);
  await waitFor(async () => (await fetched(a, 'peer', 'web')) === 'web');
  await a.ok(['network', 'connect', 'shared', 'peer']);
  expect(await fetched(a, 'peer', 'db')).toBe('');
  await a.ok(['network', 'connect', '--alias', 'db', '--alias', 'cache', 'shared', 'web']);
  for (const name of ['db', 'cache', 'web']) expect(await fetched(a, 'peer', name)).toBe('web');

  const id = await a.ok(['ps', '-q', '--no-trunc', '--filter', 'name=web']);
  const { Containers, IPAM } = await inspect(a, 'shared');
  expect(
    Object.values(Containers)
      .map((member) => (member as { Name: string }).Name)
      .sort(),
  ).toEqual(['peer', 'web']);
  const { IPv4Address, MacAddress } = Containers[id];
  expect(await a.ok(['exec', 'web', 'ip', 'addr'])).toContain(IPv4Address);
  expect(await a.ok(['exec', 'web', 'ip', 'addr'])).toContain(MacAddress);
  expect(IPAM.Config).toEqual([{ Subnet: expect.stringMatching(/\/\d+$/), Gateway: expect.any(String) }]);

  expect((await a.run(['network', 'connect', 'shared', 'web'])).stderr).toContain('web');
  expect((await a.run(['network', 'rm', 'shared'])).stderr).toContain('in use');
  expect(await a.ok(['network', 'prune', '-f'])).toBe('');
  await a.ok(['network', 'disconnect', 'shared', 'web']);
  expect(await fetched(a, 'peer', 'db')).toBe('');
  expect(await fetched(a, 'peer', 'web')).toBe('web');
  expect((await a.run(['network', 'disconnect', 'shared', 'web'])).stderr).toContain('is not connected to');
  await a.ok(['network', 'disconnect', '-f', 'shared', 'peer']);
  await a.ok(['network', 'create', '--label', 'keep=1', 'kept']);
  expect(await a.ok(['network', 'prune', '-f', '--filter', 'label!=keep=1'])).toContain('shared');
  expect(await names(a)).toEqual(['bridge', 'kept']);
  await a.ok(['network', 'rm', 'kept']);
  await a.ok(['rm', '-f', 'web', 'peer']);
});

test("another tenant's networks and containers are not there, by name, id or packet", async () => {
  await a.ok(['network', 'create', 'private']);
  await Promise.all([serve(a, 'secret'), serve(b, 'stranger')]);
  await a.ok(['network', 'connect', '--alias', 'hidden', 'private', 'secret']);
  const { Id } = await inspect(a, 'private');
  const container = await a.ok(['ps', '-q', '--no-trunc', '--filter', 'name=secret']);
  for (const name of ['secret', 'hidden', container.slice(0, 12)]) expect(await fetched(b, 'stranger', name)).toBe('');
  for (const [network, target] of [
    ['private', 'stranger'],
    [Id, 'stranger'],
    ['bridge', 'secret'],
    ['bridge', container],
  ]) {
    for (const verb of ['connect', 'disconnect']) {
      const refused = await b.run(['network', verb, network ?? '', target ?? '']);
      expect(refused).toMatchObject({ exitCode: 1, stderr: expect.stringMatching(/not found|No such container/) });
    }
  }
  expect((await b.run(['network', 'inspect', Id])).stderr).toContain('not found');
  expect((await b.run(['network', 'rm', Id])).stderr).toContain('not found');
  await b.ok(['network', 'prune', '-f']);
  expect(Object.keys((await inspect(a, 'private')).Containers)).toEqual([container]);
  expect(await names(b)).toEqual(['bridge']);
  await Promise.all([a.ok(['rm', '-f', 'secret']), b.ok(['rm', '-f', 'stranger'])]);
});
