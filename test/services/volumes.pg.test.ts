/** Volumes: made by name or by a mount, counted, in use, pruned. Needs Postgres. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Ctx, Deps } from '../../src/context.ts';
import { containerSpec } from '../../src/domain/container-spec.ts';
import { AppError } from '../../src/domain/errors.ts';
import { removeContainer } from '../../src/services/container-verbs.ts';
import { createContainer } from '../../src/services/containers.ts';
import { diskUsage } from '../../src/services/disk-usage.ts';
import { getTenant } from '../../src/services/tenants.ts';
import { createVolume, getVolume, listVolumes, pruneVolumes, removeVolume } from '../../src/services/volumes.ts';
import { tenantCtx, testDeps } from '../support/deps.ts';
import { type TestDatabase, testDatabase } from '../support/postgres.ts';
import { pulled } from '../support/pulled.ts';

const everything = { limit: 1000, after: null };
let database: TestDatabase;
let deps: Deps;
let providerIsAway = false;

beforeAll(async () => {
  database = await testDatabase();
  const before = async ({ name }: { name: string }) => {
    if (name === 'volumes.remove' && providerIsAway) throw new AppError('unavailable', 'The provider is not available');
  };
  deps = await testDeps(database.url, { LONGSHORE_QUOTA_VOLUMES: '4' }, { before });
});
afterAll(async () => {
  await deps.db.close();
  await database.close();
});

const make = (ctx: Ctx, name?: string) => createVolume(deps, ctx, { name, labels: {} });
const names = async (ctx: Ctx, filter = {}) =>
  (await listVolumes(deps, ctx, filter, everything)).map(({ name }) => name).sort();
const used = async (ctx: Ctx) => (await getTenant(deps, ctx.principal.tenant)).quotas.volumes.used;
const atProvider = async () => {
  const owned = await deps.provider.listOwned({ signal: AbortSignal.timeout(5000) });
  return owned.filter(({ kind }) => kind === 'volume').map(({ key }) => key);
};
const mounting = (...sources: (string | undefined)[]) =>
  containerSpec.parse({
    image: 'app',
    mounts: sources.map((source, position) => ({ type: 'volume', source, target: `/data${position}` })),
  });
async function tenantWithImage(name: string): Promise<Ctx> {
  const ctx = await tenantCtx(deps, name);
  await pulled(deps, ctx, 'app');
  return ctx;
}

describe('a volume', () => {
  it('is made once for a name, and answers the same after that', async () => {
    const ctx = await tenantCtx(deps, 'names');
    const first = await createVolume(deps, ctx, { name: 'data', labels: { a: '1' } });
    expect(first).toMatchObject({ changed: true, volume: { name: 'data', anonymous: false, labels: { a: '1' } } });
    expect(await createVolume(deps, ctx, { name: 'data', labels: { b: '2' } })).toEqual({ ...first, changed: false });
    expect(await used(ctx)).toBe(1);
  });

  it('without a name gets one, and is anonymous', async () => {
    const ctx = await tenantCtx(deps, 'nameless');
    const { volume } = await make(ctx);
    expect(volume).toMatchObject({ anonymous: true, name: expect.stringMatching(/^[0-9a-f]{64}$/) });
  });

  it('is seen by its own tenant only', async () => {
    const [owner, other] = [await tenantCtx(deps, 'owner'), await tenantCtx(deps, 'other')];
    const { volume } = await make(owner, 'secret');
    await expect(getVolume(deps, other, 'secret')).rejects.toThrow('No such volume: secret');
    await expect(removeVolume(deps, other, 'secret')).rejects.toMatchObject({ code: 'not_found' });
    const { volume: theirs } = await make(other, 'secret');
    expect(theirs.providerKey).not.toBe(volume.providerKey);
    expect(await names(other)).toEqual(['secret']);
  });

  it('is for admins to make and to remove', async () => {
    const viewer = await tenantCtx(deps, 'names', 'viewer');
    await expect(make(viewer, 'mine')).rejects.toMatchObject({ code: 'forbidden' });
    await expect(removeVolume(deps, viewer, 'data')).rejects.toMatchObject({ code: 'forbidden' });
    await expect(pruneVolumes(deps, viewer, { all: true })).rejects.toMatchObject({ code: 'forbidden' });
  });
});

describe('the quota', () => {
  it('holds, however many ask at once', async () => {
    const ctx = await tenantCtx(deps, 'crowd');
    const asked = await Promise.allSettled(Array.from({ length: 20 }, (_, n) => make(ctx, `volume-${n}`)));
    expect(asked.filter(({ status }) => status === 'fulfilled')).toHaveLength(4);
    expect(await names(ctx)).toHaveLength(4);
    expect(await used(ctx)).toBe(4);
    expect(await make(ctx, (await names(ctx))[0])).toMatchObject({ changed: false });
  });

  it('counts what mounts make: a container beyond it is not made, nor are any of its volumes', async () => {
    const ctx = await tenantWithImage('mounts');
    await createContainer(deps, ctx, { name: 'fits', spec: mounting('a', undefined, 'a'), start: false });
    expect(await used(ctx)).toBe(2);
    const tooMany = mounting('b', 'c', 'd');
    await expect(createContainer(deps, ctx, { spec: tooMany, start: false })).rejects.toMatchObject({
      code: 'limit',
      details: { resource: 'volumes' },
    });
    expect(await names(ctx)).toHaveLength(2);
    expect((await getTenant(deps, 'mounts')).quotas.containers.used).toBe(1);
  });

  it('is not touched by a container that could not be made for another reason', async () => {
    const ctx = await tenantWithImage('clash');
    await createContainer(deps, ctx, { name: 'taken', spec: mounting(), start: false });
    await expect(
      createContainer(deps, ctx, { name: 'taken', spec: mounting('x', undefined), start: false }),
    ).rejects.toMatchObject({
      code: 'conflict',
    });
    expect(await names(ctx)).toEqual([]);
    expect(await used(ctx)).toBe(0);
  });
});

describe('a volume that a container mounts', () => {
  it('stays until the container is gone', async () => {
    const ctx = await tenantWithImage('use');
    const { container } = await createContainer(deps, ctx, { spec: mounting('data', undefined), start: true });
    expect(await names(ctx, { dangling: false })).toEqual(await names(ctx));
    await expect(removeVolume(deps, ctx, 'data')).rejects.toMatchObject({ code: 'conflict' });
    expect(await pruneVolumes(deps, ctx, { all: true })).toEqual([]);
    expect((await diskUsage(deps, ctx)).volumes).toHaveLength(2);
    await removeContainer(deps, ctx, container.id, { force: true, volumes: true });
    expect(await names(ctx)).toEqual(['data']);
    expect(await used(ctx)).toBe(1);
    expect(await names(ctx, { dangling: true })).toEqual(['data']);
    const { providerKey } = await getVolume(deps, ctx, 'data');
    expect(await atProvider()).toContain(providerKey);
    await removeVolume(deps, ctx, 'data');
    expect(await atProvider()).not.toContain(providerKey);
    expect(await used(ctx)).toBe(0);
  });

  it('and one that mounts it while it is removed: the container has it, or never came to be', async () => {
    const ctx = await tenantWithImage('race');
    for (let round = 0; round < 10; round++) {
      await make(ctx, 'contested');
      const [created] = await Promise.allSettled([
        createContainer(deps, ctx, { name: 'user', spec: mounting('contested'), start: false }),
        removeVolume(deps, ctx, 'contested'),
      ]);
      if (created.status === 'fulfilled') {
        expect(await names(ctx, { dangling: false })).toEqual(['contested']);
        await removeContainer(deps, ctx, 'user', { force: true, volumes: false });
      } else {
        expect(created.reason).toMatchObject({ code: 'not_found' });
      }
      await pruneVolumes(deps, ctx, { all: true });
    }
    expect(await used(ctx)).toBe(0);
  });
});

describe('pruning', () => {
  it('takes anonymous volumes, and named ones when asked to', async () => {
    const ctx = await tenantCtx(deps, 'prune');
    await make(ctx, 'kept');
    const { volume } = await make(ctx);
    expect((await pruneVolumes(deps, ctx, { all: false })).map(({ name }) => name)).toEqual([volume.name]);
    expect((await pruneVolumes(deps, ctx, { all: true })).map(({ name }) => name)).toEqual(['kept']);
    expect(await used(ctx)).toBe(0);
  });

  it('is done when the rows are gone; what the provider could not remove is swept later', async () => {
    const ctx = await tenantWithImage('away');
    const { container } = await createContainer(deps, ctx, { spec: mounting('left'), start: true });
    const { providerKey } = await getVolume(deps, ctx, 'left');
    await removeContainer(deps, ctx, container.id, { force: true, volumes: false });
    providerIsAway = true;
    await removeVolume(deps, ctx, 'left').finally(() => (providerIsAway = false));
    expect(await names(ctx)).toEqual([]);
    expect(await atProvider()).toContain(providerKey);
  });
});
