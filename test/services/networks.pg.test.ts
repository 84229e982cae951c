/** Networks: names, quotas, use, and what follows at the provider. Needs Postgres. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Ctx, Deps } from '../../src/context.ts';
import { containerSpec } from '../../src/domain/container-spec.ts';
import { AppError } from '../../src/domain/errors.ts';
import { removeContainer } from '../../src/services/container-verbs.ts';
import { createContainer } from '../../src/services/containers.ts';
import {
  createNetwork,
  getNetwork,
  listNetworks,
  pruneNetworks,
  removeNetwork,
  resolveAttachments,
} from '../../src/services/networks.ts';
import { getTenant } from '../../src/services/tenants.ts';
import { tenantCtx, testDeps } from '../support/deps.ts';
import { type TestDatabase, testDatabase } from '../support/postgres.ts';
import { pulled } from '../support/pulled.ts';

const everything = { limit: 1000, after: null };
let database: TestDatabase;
let deps: Deps;
let refuse: AppError | null = null;

beforeAll(async () => {
  database = await testDatabase();
  const before = async ({ name }: { name: string }) => {
    if (name === 'networks.ensure' && refuse) throw refuse;
  };
  deps = await testDeps(database.url, { LONGSHORE_QUOTA_NETWORKS: '6' }, { before });
});
afterAll(async () => {
  await deps.db.close();
  await database.close();
});

const make = (ctx: Ctx, name: string) => createNetwork(deps, ctx, { name, labels: {}, internal: false });
const names = async (ctx: Ctx) => (await listNetworks(deps, ctx, {}, everything)).map(({ name }) => name);
const used = async (ctx: Ctx) => (await getTenant(deps, ctx.principal.tenant)).quotas.networks.used;
const atProvider = async () => {
  const owned = await deps.provider.listOwned({ signal: AbortSignal.timeout(5000) });
  return owned.filter(({ kind }) => kind === 'network').map(({ key }) => key);
};

describe('a network', () => {
  it('is the default one where a container names none, and that one stays', async () => {
    const ctx = await tenantCtx(deps, 'default');
    const [network] = await listNetworks(deps, ctx, {}, everything);
    expect(network).toMatchObject({ name: 'default', isDefault: true });
    const attachments = await resolveAttachments(deps, ctx, containerSpec.parse({ image: 'app' }));
    expect(attachments).toMatchObject([{ networkId: network?.id, isDefault: true, aliases: [] }]);
    await expect(removeNetwork(deps, ctx, 'default')).rejects.toMatchObject({ code: 'conflict' });
    expect(await pruneNetworks(deps, ctx)).toEqual([]);
    expect(await names(ctx)).toEqual(['default']);
  });

  it('is found by name, id and prefix of its id, by its own tenant only', async () => {
    const [owner, other] = [await tenantCtx(deps, 'owner'), await tenantCtx(deps, 'other')];
    const made = await createNetwork(deps, owner, { name: 'backend', labels: { tier: 'db' }, internal: true });
    for (const reference of ['backend', made.id, made.id.slice(0, 12)]) {
      expect(await getNetwork(deps, owner, reference)).toEqual(made);
      await expect(getNetwork(deps, other, reference)).rejects.toThrow(`No such network: ${reference}`);
      await expect(removeNetwork(deps, other, reference)).rejects.toMatchObject({ code: 'not_found' });
    }
    expect(await listNetworks(deps, owner, { labels: { tier: 'db' } }, everything)).toEqual([made]);
    expect(await listNetworks(deps, owner, { labels: { tier: 'web' } }, everything)).toEqual([]);
    expect(await names(other)).toEqual(['default']);
  });

  it('is named by nobody else of its tenant, and by every other tenant as it likes', async () => {
    const [one, two] = [await tenantCtx(deps, 'one'), await tenantCtx(deps, 'two')];
    await make(one, 'same');
    await expect(make(one, 'same')).rejects.toMatchObject({ code: 'conflict' });
    await make(two, 'same');
    expect([await used(one), await used(two)]).toEqual([2, 2]);
  });

  it('is made at the provider, and goes there with its row', async () => {
    const ctx = await tenantCtx(deps, 'provider');
    const { providerKey } = await make(ctx, 'real');
    expect(await atProvider()).toContain(providerKey);
    await removeNetwork(deps, ctx, 'real');
    expect(await atProvider()).not.toContain(providerKey);
    expect(await used(ctx)).toBe(1);
  });
});

describe('making networks', () => {
  it('stops at the quota, however many ask at once', async () => {
    const ctx = await tenantCtx(deps, 'crowd');
    const asked = await Promise.allSettled(Array.from({ length: 20 }, (_, n) => make(ctx, `net-${n}`)));
    expect(asked.filter(({ status }) => status === 'fulfilled')).toHaveLength(5);
    for (const refused of asked.filter((result) => result.status === 'rejected')) {
      expect(refused.reason).toMatchObject({ code: 'limit', details: { resource: 'networks' } });
    }
    expect(await used(ctx)).toBe(6);
  });

  it('takes the row back when the provider has no room for another', async () => {
    const ctx = await tenantCtx(deps, 'full');
    refuse = new AppError('limit', 'The provider has no addresses left for another network');
    await expect(make(ctx, 'one-more').finally(() => (refuse = null))).rejects.toMatchObject({ code: 'limit' });
    expect(await names(ctx)).toEqual(['default']);
    expect(await used(ctx)).toBe(1);
  });

  it('keeps the row while the provider is away, and containers find the network later', async () => {
    const ctx = await tenantCtx(deps, 'away');
    refuse = new AppError('unavailable', 'The provider is not available');
    const network = await make(ctx, 'later').finally(() => (refuse = null));
    expect(await atProvider()).not.toContain(network.providerKey);
    await pulled(deps, ctx, 'app');
    const spec = containerSpec.parse({ image: 'app', networks: [{ name: 'later' }] });
    await createContainer(deps, ctx, { spec, start: true });
    expect(await atProvider()).toContain(network.providerKey);
  });

  it('is for admins', async () => {
    const viewer = await tenantCtx(deps, 'default', 'viewer');
    await expect(make(viewer, 'mine')).rejects.toMatchObject({ code: 'forbidden' });
    await expect(pruneNetworks(deps, viewer)).rejects.toMatchObject({ code: 'forbidden' });
  });
});

describe('a network that containers use', () => {
  it('cannot be removed or pruned before the last of them is gone', async () => {
    const ctx = await tenantCtx(deps, 'use');
    await make(ctx, 'busy');
    await make(ctx, 'idle');
    await pulled(deps, ctx, 'app');
    const spec = containerSpec.parse({ image: 'app', networks: [{ name: 'busy', aliases: ['db'] }] });
    const { container } = await createContainer(deps, ctx, { name: 'user', spec, start: false });
    await expect(removeNetwork(deps, ctx, 'busy')).rejects.toMatchObject({ code: 'conflict' });
    expect((await pruneNetworks(deps, ctx)).map(({ name }) => name)).toEqual(['idle']);
    await removeContainer(deps, ctx, container.id, { force: true, volumes: false });
    await removeNetwork(deps, ctx, 'busy');
    expect(await names(ctx)).toEqual(['default']);
  });

  it('and a container that joins it while it is removed: one of the two wins, and none hangs', async () => {
    const ctx = await tenantCtx(deps, 'race');
    await pulled(deps, ctx, 'app');
    for (let round = 0; round < 10; round++) {
      await make(ctx, 'contested');
      const spec = containerSpec.parse({ image: 'app', networks: [{ name: 'contested' }] });
      const [created, removed] = await Promise.allSettled([
        createContainer(deps, ctx, { name: 'joiner', spec, start: false }),
        removeNetwork(deps, ctx, 'contested'),
      ]);
      expect([created.status, removed.status].sort()).toEqual(['fulfilled', 'rejected']);
      if (created.status === 'fulfilled') {
        await removeContainer(deps, ctx, 'joiner', { force: true, volumes: false });
        await removeNetwork(deps, ctx, 'contested');
      } else {
        expect(created.reason).toMatchObject({ code: 'not_found' });
      }
    }
  });
});

describe('what a container joins', () => {
  it('is named once, and must be there', async () => {
    const ctx = await tenantCtx(deps, 'joins');
    const { id } = await make(ctx, 'front');
    const join = (...wanted: string[]) =>
      resolveAttachments(deps, ctx, containerSpec.parse({ image: 'app', networks: wanted.map((name) => ({ name })) }));
    expect(await join('front', 'default')).toHaveLength(2);
    await expect(join('front', 'absent')).rejects.toThrow('No such network: absent');
    await expect(join('front', id.slice(0, 20))).rejects.toMatchObject({
      code: 'invalid',
      details: { fields: [{ path: 'networks.1' }] },
    });
  });
});
