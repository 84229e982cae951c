/** Volumes: one of a kind by key, outliving their runs. */
import { randomUUID } from 'node:crypto';
import { expect, test } from 'vitest';
import type { When } from './capabilities.ts';
import { type World, within } from './harness.ts';

export function volumeCases(world: () => World, when: When): void {
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
    const { provider, volume, harness, lacks } = world();
    const made = await volume();
    const unknown = { key: `ls-vol-${randomUUID()}`, tenantId: harness.tenants[0] };
    const sizes = await provider.volumes.sizes([made, unknown], within());
    if (lacks('sizes of volumes')) return expect(sizes.size).toBe(0);
    expect([...sizes.keys()]).toEqual([made.key]);
    expect(sizes.get(made.key)).toBeGreaterThanOrEqual(0);
  });

  when('kernel')(
    'what one run wrote into a volume another reads, and cannot change through a read-only mount',
    async () => {
      const { volume, start, until, lines } = world();
      const mount = { ...(await volume()), target: '/data' };
      const spec = { mounts: [{ type: 'volume' as const, source: 'data', target: '/data' }] };
      const writes = ['sh', '-c', 'echo kept > /data/file'];
      const writer = await start({ command: writes, spec, volumes: [{ ...mount, readOnly: false }] });
      expect(await until(writer, 'exited')).toMatchObject({ exitCode: 0 });
      const reads = ['sh', '-c', 'cat /data/file; echo more >> /data/file || exit 9'];
      const reader = await start({ command: reads, spec, volumes: [{ ...mount, readOnly: true }] });
      expect(await until(reader, 'exited')).toMatchObject({ exitCode: 9 });
      expect(await lines(reader)).toContain('stdout: kept');
    },
  );
}
