/** Images: how they are found, named, removed and shared. Pulling is image-pull.pg.test.ts. Needs Postgres. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Ctx, Deps } from '../../src/context.ts';
import { containerSpec } from '../../src/domain/container-spec.ts';
import type { Image } from '../../src/domain/image.ts';
import { removeContainer } from '../../src/services/container-verbs.ts';
import { createContainer } from '../../src/services/containers.ts';
import { pruneImages, removeImage, tagImage } from '../../src/services/image-references.ts';
import { listImages, requireImage } from '../../src/services/images.ts';
import { getTenant } from '../../src/services/tenants.ts';
import { tenantCtx, testDeps } from '../support/deps.ts';
import { type TestDatabase, testDatabase } from '../support/postgres.ts';
import { pulled } from '../support/pulled.ts';

const everything = { limit: 1000, after: null };
let database: TestDatabase;
let deps: Deps;

beforeAll(async () => {
  database = await testDatabase();
  deps = await testDeps(database.url);
});
afterAll(async () => {
  await deps.db.close();
  await database.close();
});

const written = ({ tags }: Image) => tags.map(({ repository, tag }) => `${repository}:${tag}`);
const used = async (ctx: Ctx) => (await getTenant(deps, ctx.principal.tenant)).quotas.images.used;
const isHeld = async (ctx: Ctx, id: string) => {
  const owned = await deps.provider.listOwned({ signal: AbortSignal.timeout(5000) });
  return owned.some(({ kind, key, tenantId }) => kind === 'image' && key === id && tenantId === ctx.principal.tenantId);
};
const tag = (ctx: Ctx, reference: string, name: string) => {
  const [repository = '', written = 'latest'] = name.split(':');
  return tagImage(deps, ctx, reference, { repository, tag: written });
};

describe('finding an image', () => {
  it('by repository, tag, digest, id or prefix of its id', async () => {
    const ctx = await tenantCtx(deps, 'find');
    const image = await pulled(deps, ctx, 'docker.io/library/app');
    const digits = image.id.slice('sha256:'.length);
    const [digest] = image.repoDigests;
    const spellings = [
      'app',
      'app:latest',
      'library/app',
      'index.docker.io/library/app:latest',
      `${digest}`,
      `app:other@${image.digest}`,
    ];
    for (const reference of [...spellings, image.id, digits, digits.slice(0, 12), image.id.slice(0, 20)]) {
      expect((await requireImage(deps, ctx, reference)).id, reference).toBe(image.id);
    }
    for (const reference of ['app:1', 'team/app', 'example.com/app', `other@${image.digest}`, 'f'.repeat(64)]) {
      await expect(requireImage(deps, ctx, reference)).rejects.toThrow(`No such image: ${reference}`);
    }
    await expect(requireImage(deps, ctx, 'Not A Reference')).rejects.toMatchObject({ code: 'invalid' });
  });

  it('by a prefix that two share is refused, and by a name that looks like one is not', async () => {
    const ctx = await tenantCtx(deps, 'prefix');
    const images: Awaited<ReturnType<typeof pulled>>[] = [];
    for (let n = 0; n < 17; n++) images.push(await pulled(deps, ctx, `app:${n}`));
    const firsts = images.map(({ id }) => id.charAt('sha256:'.length));
    const shared = firsts.find((digit, n) => firsts.indexOf(digit) !== n) ?? '';
    await expect(requireImage(deps, ctx, shared)).rejects.toMatchObject({ code: 'invalid' });
    const [named] = images;
    await tag(ctx, `${named?.id}`, shared);
    expect((await requireImage(deps, ctx, shared)).id).toBe(named?.id);
  });

  it('is its tenant’s own business', async () => {
    const [owner, other] = [await tenantCtx(deps, 'owner'), await tenantCtx(deps, 'other')];
    const image = await pulled(deps, owner, 'private:1');
    for (const reference of ['private:1', image.id, image.id.slice(7, 19), `${image.repoDigests[0]}`]) {
      await expect(requireImage(deps, other, reference)).rejects.toThrow(`No such image: ${reference}`);
      await expect(removeImage(deps, other, reference, { force: true })).rejects.toMatchObject({ code: 'not_found' });
    }
    expect(await listImages(deps, other, {}, everything)).toEqual([]);
    const again = await pulled(deps, other, 'private:1');
    expect(again.id).toBe(image.id);
    await removeImage(deps, other, 'private:1', { force: false });
    expect(await isHeld(other, image.id)).toBe(false);
    expect(await isHeld(owner, image.id)).toBe(true);
    expect(await requireImage(deps, owner, 'private:1')).toEqual(image);
  });
});

describe('listing images', () => {
  it('pages through all of them once, newest first, and filters by name and by having one', async () => {
    const ctx = await tenantCtx(deps, 'list');
    const images: Image[] = [];
    for (const name of ['one:1', 'one:2', 'two', 'three']) images.unshift(await pulled(deps, ctx, name));
    await tag(ctx, 'two', 'three');
    const expected = await Promise.all(images.map(({ id }) => requireImage(deps, ctx, id)));

    const paged: Image[] = [];
    for (let after = null as { at: string; id: string } | null; paged.length < 4; ) {
      const page = (await listImages(deps, ctx, {}, { limit: 1, after })).slice(0, 1);
      expect(page).toHaveLength(1);
      paged.push(...page);
      after = page.map(({ pulledAt, id }) => ({ at: pulledAt.toISOString(), id }))[0] ?? null;
    }
    expect(paged).toEqual(expected);

    const names = async (query: Parameters<typeof listImages>[2]) =>
      (await listImages(deps, ctx, query, everything)).map(written);
    expect(await names({ name: 'one' })).toEqual([['one:2'], ['one:1']]);
    expect(await names({ name: 'one:1' })).toEqual([['one:1']]);
    expect(await names({ name: 'docker.io/library/one:1' })).toEqual([['one:1']]);
    expect(await names({ dangling: true })).toEqual([[]]);
    expect(await names({ dangling: false })).toEqual([['three:latest', 'two:latest'], ['one:2'], ['one:1']]);
    expect(await names({ labels: { maintainer: null } })).toEqual([]);
  });
});

describe('naming an image', () => {
  it('moves a name from the image that had it, and says when nothing changed', async () => {
    const ctx = await tenantCtx(deps, 'tags');
    const [one, two] = [await pulled(deps, ctx, 'app:1'), await pulled(deps, ctx, 'app:2')];
    expect(await tag(ctx, 'app:1', 'registry.example/team/app:stable')).toMatchObject({ changed: true });
    const moved = await tag(ctx, 'app:2', 'registry.example/team/app:stable');
    expect(moved.changed).toBe(true);
    expect(written(moved.image)).toEqual(['app:2', 'registry.example/team/app:stable']);
    expect(written(await requireImage(deps, ctx, one.id))).toEqual(['app:1']);
    expect((await tag(ctx, two.id, 'registry.example/team/app:stable')).changed).toBe(false);
  });

  it('takes names that are names only', async () => {
    const ctx = await tenantCtx(deps, 'tags');
    for (const [repository, wanted] of [
      ['Upper', 'x'],
      ['app', 'a/b'],
      ['app:1', 'x'],
      ['sha256', 'abc'],
      ['app', 'x@sha256:1'],
      ['', 'x'],
    ]) {
      await expect(
        tagImage(deps, ctx, 'app:1', { repository: `${repository}`, tag: `${wanted}` }),
      ).rejects.toMatchObject({ code: 'invalid' });
    }
    await expect(tag(ctx, 'absent', 'name')).rejects.toThrow('No such image: absent');
  });
});

it('an image has at most 100 tags, and one it has already is no further one', async () => {
  const ctx = await tenantCtx(deps, 'many-tags');
  await pulled(deps, ctx, 'app:0');
  await Promise.all(Array.from({ length: 99 }, (_, n) => tag(ctx, 'app:0', `app:${n + 1}`)));
  await expect(tag(ctx, 'app:0', 'app:100')).rejects.toMatchObject({ code: 'limit' });
  expect(await tag(ctx, 'app:0', 'app:99')).toMatchObject({ changed: false });
  expect((await requireImage(deps, ctx, 'app:0')).tags).toHaveLength(100);
});

describe('removing an image', () => {
  it('by name takes that name, and the image with the last one', async () => {
    const ctx = await tenantCtx(deps, 'remove');
    const { id } = await pulled(deps, ctx, 'app');
    await tag(ctx, 'app', 'alias');
    expect(await removeImage(deps, ctx, 'app', { force: false })).toMatchObject({
      untagged: ['app:latest'],
      removed: false,
    });
    expect(await isHeld(ctx, id)).toBe(true);
    expect(await removeImage(deps, ctx, 'alias', { force: false })).toMatchObject({
      id,
      untagged: ['alias:latest'],
      removed: true,
    });
    expect(await isHeld(ctx, id)).toBe(false);
    expect(await used(ctx)).toBe(0);
    await expect(removeImage(deps, ctx, id, { force: false })).rejects.toMatchObject({ code: 'not_found' });
  });

  it('by id needs force when it has several names', async () => {
    const ctx = await tenantCtx(deps, 'force');
    const { id } = await pulled(deps, ctx, 'app');
    await tag(ctx, 'app', 'alias');
    await expect(removeImage(deps, ctx, id.slice(7, 19), { force: false })).rejects.toThrow('alias:latest, app:latest');
    expect(await removeImage(deps, ctx, id, { force: true })).toMatchObject({
      untagged: ['alias:latest', 'app:latest'],
      removed: true,
    });
  });

  it('is refused while a container is made of it, even with force, until the container is gone', async () => {
    const ctx = await tenantCtx(deps, 'used');
    const { id } = await pulled(deps, ctx, 'app');
    await createContainer(deps, ctx, { name: 'user', spec: containerSpec.parse({ image: 'app' }), start: false });
    for (const reference of ['app', id]) {
      await expect(removeImage(deps, ctx, reference, { force: true })).rejects.toThrow(
        'in use by the container "user"',
      );
    }
    expect(written(await requireImage(deps, ctx, id))).toEqual(['app:latest']);
    expect(await pruneImages(deps, ctx, { all: true })).toEqual([]);
    await removeContainer(deps, ctx, 'user', { force: true, volumes: false });
    expect(await removeImage(deps, ctx, 'app', { force: false })).toMatchObject({ removed: true });
  });

  it('and a container made of it at the same moment: one of the two wins', async () => {
    const ctx = await tenantCtx(deps, 'race');
    const spec = containerSpec.parse({ image: 'app' });
    for (let round = 0; round < 20; round++) {
      const { id } = await pulled(deps, ctx, 'app');
      const [created, removed] = await Promise.allSettled([
        createContainer(deps, ctx, { name: 'user', spec, start: false }),
        removeImage(deps, ctx, 'app', { force: false }),
      ]);
      expect([created.status, removed.status].sort()).toEqual(['fulfilled', 'rejected']);
      expect(await isHeld(ctx, id)).toBe(created.status === 'fulfilled');
      if (created.status === 'rejected') expect(created.reason).toMatchObject({ code: 'not_found' });
      else await removeContainer(deps, ctx, 'user', { force: true, volumes: false });
    }
  });

  it('is for admins', async () => {
    const viewer = await tenantCtx(deps, 'tags', 'viewer');
    await expect(removeImage(deps, viewer, 'app:1', { force: true })).rejects.toMatchObject({ code: 'forbidden' });
    await expect(pruneImages(deps, viewer, { all: true })).rejects.toMatchObject({ code: 'forbidden' });
    await expect(tag(viewer, 'app:1', 'mine')).rejects.toMatchObject({ code: 'forbidden' });
    await expect(pulled(deps, viewer, 'app')).rejects.toMatchObject({ code: 'forbidden' });
  });
});

describe('pruning images', () => {
  it('takes those without a name, and all unused ones when asked to', async () => {
    const ctx = await tenantCtx(deps, 'prune');
    const [nameless, named, busy] = [
      await pulled(deps, ctx, 'a'),
      await pulled(deps, ctx, 'b'),
      await pulled(deps, ctx, 'c'),
    ];
    await tag(ctx, 'b', 'a');
    await createContainer(deps, ctx, { spec: containerSpec.parse({ image: 'c' }), start: false });
    expect(await pruneImages(deps, ctx, { all: false })).toMatchObject([{ id: nameless.id, untagged: [] }]);
    expect(await pruneImages(deps, ctx, { all: true })).toMatchObject([
      { id: named.id, untagged: ['a:latest', 'b:latest'] },
    ]);
    expect((await listImages(deps, ctx, {}, everything)).map(({ id }) => id)).toEqual([busy.id]);
    expect(await used(ctx)).toBe(1);
  });
});
