/** Finding again whatever this installation owns, and removing it. */
import { expect, test } from 'vitest';
import { type World, within } from './harness.ts';

export function ownershipCases(world: () => World): void {
  test('listOwned names containers, networks, volumes and images with their tenants', async () => {
    const { provider, create, network, volume, harness } = world();
    const [madeNetwork, madeVolume] = [await network(), await volume()];
    const run = await create();
    const owned = await provider.listOwned(within());
    const tenantId = harness.tenants[0];
    const { containerId } = run.input;
    const { key, handle } = run;
    const phase = 'created';
    expect(owned).toContainEqual({ kind: 'container', key, handle, tenantId, containerId, incarnation: 1, phase });
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
