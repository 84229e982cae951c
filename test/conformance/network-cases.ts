/** Networks: one of a kind by key, names inside of them, walls between them. */
import { randomUUID } from 'node:crypto';
import { expect, test } from 'vitest';
import type { RunRef } from '../../src/providers/provider.ts';
import type { When } from './capabilities.ts';
import { type MadeRun, type Present, type World, within } from './harness.ts';

export function networkCases(world: () => World, when: When): void {
  test('a network may be ensured again and again, also by many at once, and removed twice', async () => {
    const { provider, network } = world();
    const made = await network();
    await Promise.all(Array.from({ length: 5 }, () => provider.networks.ensure(made, within())));
    const owned = await provider.listOwned(within());
    expect(owned.filter((object) => object.kind === 'network' && object.key === made.key)).toHaveLength(1);
    await provider.networks.remove(made, within());
    await provider.networks.remove(made, within());
  });

  test('many who ensure a network that is not there yet agree on one', async () => {
    const { provider, harness } = world();
    const wanted = { key: `ls-net-${randomUUID()}`, tenantId: harness.tenants[0], internal: false };
    await Promise.all(Array.from({ length: 8 }, () => provider.networks.ensure(wanted, within())));
    const owned = await provider.listOwned(within());
    expect(owned.filter((object) => object.kind === 'network' && object.key === wanted.key)).toHaveLength(1);
    await provider.networks.remove(wanted, within());
  });

  test('a run is seen on its networks, with an address while it runs', async () => {
    const { provider, network, create, until, lacks } = world();
    const [first, second] = [await network(), await network()];
    const networks = [
      { ...first, aliases: ['db'] },
      { ...second, aliases: [] },
    ];
    const run = await create({ networks });
    const idle = { address: null, gateway: null, mac: null };
    expect(await until(run, 'created')).toMatchObject({ address: null, networks: { [first.key]: idle } });
    await provider.start(run, within());
    const seen = await until(run, 'running');
    expect(Object.keys(seen.networks ?? {}).sort()).toEqual([first.key, second.key].sort());
    const [at, other] = [seen.networks?.[first.key], seen.networks?.[second.key]];
    if (lacks('addresses per network')) {
      expect(seen.address).not.toBeNull();
      expect(at).toMatchObject({ address: seen.address, aliases: ['db'] });
      expect(other).toMatchObject({ address: seen.address, aliases: [] });
      return;
    }
    const shape = {
      prefixLength: expect.any(Number),
      gateway: expect.any(String),
      mac: expect.stringMatching(/^02:42:/),
    };
    expect(at).toMatchObject({ address: seen.address, aliases: ['db'], ...shape });
    expect(other).toMatchObject({ aliases: [], ...shape });
    expect(other?.address).not.toBe(at?.address);
    await provider.kill(run, 'KILL', within());
    expect((await until(run, 'exited')).networks?.[first.key]).toMatchObject({ address: null, aliases: ['db'] });
  });

  when('networks.connect', 'networks.disconnect')(
    'a run is connected and disconnected, before its start, while it runs and after its end, again and again',
    async () => {
      const { provider, network, create, until } = world();
      const { connect, disconnect } = provider.networks;
      const [first, second] = [await network(), await network()];
      const run = await create({ networks: [{ ...first, aliases: ['old'] }] });
      const { containerId, name } = run.input;
      const on = (key: string, alias: string) => connect(run, { key, name, containerId, aliases: [alias] }, within());
      const off = (key: string) => disconnect(run, { key }, within());
      const networks = async (phase: Present['phase']) => {
        const seen = Object.entries((await until(run, phase)).networks ?? {});
        return Object.fromEntries(seen.map(([key, { aliases, address }]) => [key, [...aliases, address !== null]]));
      };

      for (const repeated of [off, off]) await repeated(first.key);
      expect(await networks('created')).toEqual({});
      for (const repeated of [on, on]) await repeated(first.key, 'new');
      await on(second.key, 'other');
      expect(await networks('created')).toEqual({ [first.key]: ['new', false], [second.key]: ['other', false] });
      await provider.start(run, within());
      expect(await networks('running')).toEqual({ [first.key]: ['new', true], [second.key]: ['other', true] });
      for (const key of [first.key, first.key, second.key]) await off(key);
      expect(await networks('running')).toEqual({});
      for (const repeated of [on, on]) await repeated(second.key, 'back');
      expect(await networks('running')).toEqual({ [second.key]: ['back', true] });
      await provider.networks.remove(first, within());
      await expect(on(first.key, 'gone')).rejects.toMatchObject({ code: 'not_found' });
      await provider.kill(run, 'KILL', within());
      await until(run, 'exited');
      await off(second.key);
      expect(await networks('exited')).toEqual({});
      await provider.destroy(run, within());
      await off(second.key);
      await expect(on(second.key, 'gone')).rejects.toMatchObject({ code: 'not_found' });
    },
  );

  when('networks.connect')('a run without any network starts, and is connected later', async () => {
    const { provider, network, start, until } = world();
    const { connect } = provider.networks;
    const made = await network();
    const run = await start({ networks: [] });
    expect((await until(run, 'running')).networks).toEqual({});
    const { containerId, name } = run.input;
    await connect(run, { key: made.key, name, containerId, aliases: [] }, within());
    expect((await until(run, 'running')).networks?.[made.key]?.address).not.toBeNull();
  });

  when(
    'kernel',
    'exec',
    'networks.connect',
    'networks.disconnect',
  )('a run connected under an alias is found by it, and no longer once it was disconnected', async () => {
    const { provider, network, start } = world();
    const { connect, disconnect } = provider.networks;
    const [home, shared] = [await network(), await network()];
    const server = await start({ networks: [{ ...home, aliases: [] }], name: 'web', command: serve });
    const client = await start({ networks: [{ ...shared, aliases: [] }] });
    const { containerId, name } = server.input;
    expect(await fetched(world(), client, 'db')).toBe('');
    await connect(server, { key: shared.key, name, containerId, aliases: ['db'] }, within());
    for (const host of ['db', 'web', containerId.slice(0, 12)])
      expect(await fetched(world(), client, host)).toBe('hello\n');
    await disconnect(server, { key: shared.key }, within());
    expect(await fetched(world(), client, 'db')).toBe('');
  });

  test('a network is not removed while a run is attached to it', async () => {
    const { provider, network, start, until } = world();
    const made = await network();
    const run = await start({ networks: [{ ...made, aliases: [] }] });
    expect((await until(run, 'running')).address).not.toBeNull();
    await expect(provider.networks.remove(made, within())).rejects.toMatchObject({ code: 'conflict' });
  });

  test("a key that another tenant's network has is a conflict", async () => {
    const { provider, network, harness } = world();
    const made = await network();
    const other = { ...made, tenantId: harness.tenants[1] };
    await expect(provider.networks.ensure(other, within())).rejects.toMatchObject({ code: 'conflict' });
  });

  when(
    'kernel',
    'exec',
    'rename',
  )('runs of one network find each other by name, alias and short id, also after a rename', async () => {
    const { provider, network, start, create } = world();
    const [first, second] = [await network(), await network()];
    const served = {
      networks: [
        { ...first, aliases: ['db'] },
        { ...second, aliases: ['cache'] },
      ],
      name: 'web',
    };
    const server = await start({ ...served, command: serve });
    const client = await start({ networks: [{ ...first, aliases: [] }] });
    const other = await start({ networks: [{ ...second, aliases: [] }] });
    const shortId = server.input.containerId.slice(0, 12);
    for (const name of ['web', 'db', shortId]) expect(await fetched(world(), client, name)).toBe('hello\n');
    for (const name of ['web', 'cache']) expect(await fetched(world(), other, name)).toBe('hello\n');
    expect(await fetched(world(), client, 'cache')).toBe('');

    const renamed = (run: MadeRun, name: string) =>
      provider.rename?.(
        run,
        name,
        run.input.networks.map(({ key, aliases }) => ({ key, aliases, name, containerId: run.input.containerId })),
        within(),
      );
    await renamed(server, 'shop');
    await renamed(server, 'shop');
    for (const name of ['shop', 'db', shortId]) expect(await fetched(world(), client, name)).toBe('hello\n');
    for (const name of ['shop', 'cache']) expect(await fetched(world(), other, name)).toBe('hello\n');
    expect(await fetched(world(), client, 'web')).toBe('');

    const stopped = await create({ ...served, command: serve });
    await renamed(stopped, 'late');
    await provider.start(stopped, within());
    expect(await fetched(world(), client, 'late')).toBe('hello\n');
  });

  when('kernel', 'exec')("a run does not reach another tenant's run, by name or by address", async () => {
    const { network, start, until } = world();
    const mine = [{ ...(await network(0)), aliases: [] }];
    const server = await start({ networks: mine, name: 'web', command: serve });
    const friend = await start({ networks: mine });
    const stranger = await start({ tenant: 1, networks: [{ ...(await network(1)), aliases: [] }] });
    const { address } = await until(server, 'running');
    expect(await fetched(world(), friend, address ?? '')).toBe('hello\n');
    for (const name of ['web', address ?? '']) expect(await fetched(world(), stranger, name)).toBe('');
  });

  when('kernel', 'hostnames')('the hostname is the one that was asked for, or the short id', async () => {
    const { start, until, lines } = world();
    const named = await start({ command: ['hostname'], spec: { hostname: 'front.shop' } });
    const unnamed = await start({ command: ['hostname'] });
    for (const run of [named, unnamed]) await until(run, 'exited');
    expect(await lines(named)).toEqual(['stdout: front.shop']);
    expect(await lines(unnamed)).toEqual([`stdout: ${unnamed.input.containerId.slice(0, 12)}`]);
  });
}

const serve = ['sh', '-c', 'cd /tmp; echo hello > index.html; exec httpd -f -p 8080'];

/** What a run's own HTTP request gets from another run; empty when it gets nothing in time. */
async function fetched({ provider }: World, from: RunRef, host: string): Promise<string> {
  const script = `for try in 1 2 3; do timeout 2 wget -qO- http://${host}:8080 2>/dev/null && exit; done`;
  const spec = { command: ['sh', '-c', script], env: {}, stdin: false, tty: false };
  const session = await provider.exec?.(from, spec, within());
  let text = '';
  for await (const { data } of session?.output ?? []) text += Buffer.from(data).toString();
  return text;
}
