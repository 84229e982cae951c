/** Images: pull, inspect, hold, release, by two tenants who must never take an image away from each other. */
import { randomUUID } from 'node:crypto';
import { expect, test } from 'vitest';
import type { ImageDetails } from '../../src/domain/image.ts';
import type { ImagePort, PullInput, PullProgress } from '../../src/providers/provider.ts';
import { type HarnessRegistry, type World, within } from './harness.ts';

export function imageCases(world: () => World): void {
  const absent = `sha256:${'0'.repeat(64)}`;

  test('inspect describes an image that is there, and is not_found for one that is not', async () => {
    const { provider, harness } = world();
    const details = await provider.images.inspect(harness.imageId, within());
    expect(details).toMatchObject({ id: harness.imageId, os: 'linux' });
    expect(details.layers.length).toBeGreaterThan(0);
    expect(details.history.length).toBeGreaterThan(0);
    await expect(provider.images.inspect(absent, within())).rejects.toMatchObject({ code: 'not_found' });
    await expect(provider.images.inspect('no/such:image', within())).rejects.toMatchObject({
      code: 'not_found',
      message: expect.stringContaining('no/such:image'),
    });
  });

  test('holding an image that is not there is not_found, and releasing it is done', async () => {
    const { provider, harness } = world();
    await expect(provider.images.hold(absent, harness.tenants[0], within())).rejects.toMatchObject({
      code: 'not_found',
    });
    await provider.images.release(absent, harness.tenants[0], within());
  });

  test('pull reports progress, brings the image, and may be repeated by tag and by digest', async () => {
    const { provider, harness } = world();
    const { details, progress } = await pull(provider.images, input(harness.registry, harness.tenants[0]));
    expect(progress.length).toBeGreaterThan(0);
    expect(details.digest).toMatch(/^sha256:/);
    expect(await provider.images.inspect(details.id, within())).toMatchObject({
      id: details.id,
      layers: details.layers,
    });
    const pinned = { ...input(harness.registry, harness.tenants[0]), tag: null, digest: details.digest };
    expect((await pull(provider.images, pinned)).details).toEqual(details);
    expect(await holders(world(), details.id)).toEqual([harness.tenants[0]]);
    await provider.images.release(details.id, harness.tenants[0], within());
    await provider.images.release(details.id, harness.tenants[0], within());
  });

  test('an image stays for one tenant when the other lets go of it, and goes with the last', async () => {
    const { provider, harness } = world();
    const [ann, bob] = harness.tenants;
    const { details } = await pull(provider.images, input(harness.registry, ann));
    await provider.images.hold(details.id, bob, within());
    expect((await holders(world(), details.id)).sort()).toEqual([ann, bob].sort());
    await provider.images.release(details.id, ann, within());
    expect(await provider.images.inspect(details.id, within())).toMatchObject({ id: details.id });
    await provider.images.release(details.id, bob, within());
    expect(await holders(world(), details.id)).toEqual([]);
    await expect(provider.images.inspect(details.id, within())).rejects.toMatchObject({ code: 'not_found' });
  });

  test('an image is not released while a run of its tenant uses it', async () => {
    const { provider, harness, create, input: wanted } = world();
    const [ann] = harness.tenants;
    const { details } = await pull(provider.images, input(harness.registry, ann));
    const run = await create({ input: { ...wanted(), imageId: details.id } });
    await expect(provider.images.release(details.id, ann, within())).rejects.toMatchObject({ code: 'conflict' });
    expect(await holders(world(), details.id)).toEqual([ann]);
    await provider.destroy(run, within());
    await provider.images.release(details.id, ann, within());
  });

  test("a pull never answers with an image that another tenant's release took away", async () => {
    const { provider, harness } = world();
    const { registry, tenants } = harness;
    for (let round = 0; round < 5; round++) {
      const first = await pull(provider.images, input(registry, tenants[0]));
      const [second] = await Promise.all([
        pull(provider.images, input(registry, tenants[1])),
        provider.images.release(first.details.id, tenants[0], within()),
      ]);
      expect(await provider.images.inspect(second.details.id, within())).toMatchObject({ id: second.details.id });
      await provider.images.release(second.details.id, tenants[1], within());
    }
  });

  test('many tenants who pull and release at once find their image each time, and leave nothing behind', async () => {
    const { provider, harness } = world();
    const { registry } = harness;
    const ids = new Set<string>();
    const live = async (tenantId: string) => {
      for (let round = 0; round < 5; round++) {
        const { details } = await pull(provider.images, input(registry, tenantId));
        ids.add((await provider.images.inspect(details.id, within())).id);
        await provider.images.release(details.id, tenantId, within());
      }
    };
    await Promise.all(Array.from({ length: 6 }, () => live(randomUUID())));
    expect(ids.size).toBe(1);
    for (const id of ids) {
      await expect(provider.images.inspect(id, within())).rejects.toMatchObject({ code: 'not_found' });
    }
  });

  test('what the registry lacks is not_found, by the name that was asked for', async () => {
    const { provider, harness } = world();
    const wanted = { ...input(harness.registry, harness.tenants[0]), path: 'suite/nothing', tag: '7' };
    await expect(pull(provider.images, wanted)).rejects.toMatchObject({
      code: 'not_found',
      message: expect.stringContaining('suite/nothing:7'),
    });
  });

  test('a registry that is not there is unavailable, by name', async () => {
    const { provider, harness } = world();
    const wanted = { ...input(harness.registry, harness.tenants[0]), domain: '127.0.0.1:1' };
    await expect(pull(provider.images, wanted)).rejects.toMatchObject({
      code: 'unavailable',
      message: expect.stringContaining('127.0.0.1:1'),
    });
  });

  test('a registry that wants credentials refuses none and wrong ones, also for an image that is there', async () => {
    const { provider, harness } = world();
    const [ann, bob] = harness.tenants;
    const { image, auth } = harness.registry.secured;
    const { details } = await pull(provider.images, { ...image, auth, tenantId: ann });
    for (const wrong of [null, { ...auth, password: 'guessed' }]) {
      for (const name of [image, { ...image, tag: null, digest: details.digest }]) {
        const refused = pull(provider.images, { ...name, auth: wrong, tenantId: bob });
        await expect(refused).rejects.toMatchObject({ code: 'forbidden' });
      }
    }
    expect(await holders(world(), details.id)).toEqual([ann]);
    await provider.images.release(details.id, ann, within());
  });
}

function input({ image }: HarnessRegistry, tenantId: string): PullInput {
  return { ...image, auth: null, tenantId };
}

async function pull(
  images: ImagePort,
  wanted: PullInput,
): Promise<{ details: ImageDetails; progress: PullProgress[] }> {
  const pulling = images.pull(wanted, within(60));
  const progress: PullProgress[] = [];
  for (;;) {
    const step = await pulling.next();
    if (step.done) return { details: step.value, progress };
    progress.push(step.value);
  }
}

async function holders({ provider }: World, imageId: string): Promise<string[]> {
  const owned = await provider.listOwned(within());
  return owned.filter(({ kind, key }) => kind === 'image' && key === imageId).map(({ tenantId }) => tenantId);
}
