/** Networks and volumes, and finding again whatever this installation owns. */
import { randomUUID } from 'node:crypto';
import { expect, test } from 'vitest';
import { type World, within } from './harness.ts';

export function networkCases(world: () => World): void {
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
}

export function volumeCases(world: () => World): void {
  test('a volume may be ensured and removed again and again', async () => {
    const { provider, volume } = world();
    const made = await volume();
    await provider.volumes.ensure(made, within());
    await provider.volumes.remove(made, within());
    await provider.volumes.remove(made, within());
  });

  test('a volume is not removed while a run mounts it, and outlives the run', async () => {
    const { provider, volume, create } = world();
    const made = await volume();
    const run = await create({ volumes: [{ ...made, target: '/data', readOnly: false }] });
    await expect(provider.volumes.remove(made, within())).rejects.toMatchObject({ code: 'conflict' });
    await provider.destroy(run, within());
    const owned = await provider.listOwned(within());
    expect(owned).toContainEqual(expect.objectContaining({ kind: 'volume', key: made.key, tenantId: made.tenantId }));
  });

  test("a key that another tenant's volume has is a conflict", async () => {
    const { provider, volume, harness } = world();
    const made = await volume();
    const other = { ...made, tenantId: harness.tenants[1] };
    await expect(provider.volumes.ensure(other, within())).rejects.toMatchObject({ code: 'conflict' });
  });

  test('sizes tells the bytes of known volumes only', async () => {
    const { provider, volume, harness } = world();
    const made = await volume();
    const unknown = { key: `ls-vol-${randomUUID()}`, tenantId: harness.tenants[0] };
    const sizes = await provider.volumes.sizes([made, unknown], within());
    expect([...sizes.keys()]).toEqual([made.key]);
    expect(sizes.get(made.key)).toBeGreaterThanOrEqual(0);
  });

  test('what one run wrote into a volume another reads, and cannot change through a read-only mount', async (context) => {
    const { volume, start, until, lines, harness } = world();
    if (!harness.realKernel) return context.skip();
    const mount = { ...(await volume()), target: '/data' };
    const spec = { mounts: [{ type: 'volume' as const, source: 'data', target: '/data' }] };
    const writes = ['sh', '-c', 'echo kept > /data/file'];
    const writer = await start({ command: writes, spec, volumes: [{ ...mount, readOnly: false }] });
    expect(await until(writer, 'exited')).toMatchObject({ exitCode: 0 });
    const reads = ['sh', '-c', 'cat /data/file; echo more >> /data/file || exit 9'];
    const reader = await start({ command: reads, spec, volumes: [{ ...mount, readOnly: true }] });
    expect(await until(reader, 'exited')).toMatchObject({ exitCode: 9 });
    expect((await lines(reader))[0]).toBe('stdout: kept');
  });
}

export function ownershipCases(world: () => World): void {
  test('listOwned names containers, networks, volumes and images with their tenants', async () => {
    const { provider, create, network, volume, harness } = world();
    const [madeNetwork, madeVolume] = [await network(), await volume()];
    const run = await create();
    const owned = await provider.listOwned(within());
    const tenantId = harness.tenants[0];
    const { containerId } = run.input;
    const { key, handle } = run;
    expect(owned).toContainEqual({ kind: 'container', key, handle, tenantId, containerId, incarnation: 1 });
    for (const [kind, made] of [['network', madeNetwork] as const, ['volume', madeVolume] as const]) {
      const found = { kind, key: made.key, tenantId, containerId: null, incarnation: null };
      expect(owned).toContainEqual(expect.objectContaining(found));
    }
    for (const tenant of harness.tenants) {
      expect(owned).toContainEqual(expect.objectContaining({ kind: 'image', key: harness.imageId, tenantId: tenant }));
    }
  });

  test('discard removes what listOwned found, of any kind, and may be repeated', async () => {
    const { provider, start, network, volume } = world();
    const keys = [(await network()).key, (await volume()).key, (await start()).key];
    const found = (await provider.listOwned(within())).filter(({ key }) => keys.includes(key));
    expect(found.map(({ kind }) => kind).sort()).toEqual(['container', 'network', 'volume']);
    for (const object of found) await provider.discard(object, within());
    for (const object of found) await provider.discard(object, within());
    expect((await provider.listOwned(within())).filter(({ key }) => keys.includes(key))).toEqual([]);
  });
}
