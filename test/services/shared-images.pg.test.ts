/** Images that the operator shares with every tenant. Needs Postgres. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Ctx, Deps } from '../../src/context.ts';
import { containerSpec } from '../../src/domain/container-spec.ts';
import { parseImageReference } from '../../src/domain/image.ts';
import { createContainer } from '../../src/services/containers.ts';
import { pruneImages, removeImage, tagImage } from '../../src/services/image-references.ts';
import { listImages, requireImage } from '../../src/services/images.ts';
import { syncSharedImages } from '../../src/services/shared-images.ts';
import { getTenant } from '../../src/services/tenants.ts';
import { tenantCtx, testDeps } from '../support/deps.ts';
import { type TestDatabase, testDatabase } from '../support/postgres.ts';

const everything = { limit: 1000, after: null };
let database: TestDatabase;
let deps: Deps;
let a: Ctx;
let b: Ctx;

beforeAll(async () => {
  database = await testDatabase();
  deps = await testDeps(database.url, { LONGSHORE_SHARED_IMAGES: 'base:1,absent:1,Not A Reference' });
  [a, b] = [await tenantCtx(deps, 'a'), await tenantCtx(deps, 'b')];
  await bring('base:1');
});
afterAll(async () => {
  await deps.db.close();
  await database.close();
});

/** Onto the provider, past every row. */
async function bring(reference: string): Promise<void> {
  const input = { ...parseImageReference(reference), auth: null, tenantId: 'somebody' };
  const pull = deps.provider.images.pull(input, { signal: AbortSignal.timeout(5000) });
  while (!(await pull.next()).done);
}
const share = (...sharedImages: string[]) => syncSharedImages({ ...deps, sharedImages });
const namesOf = async (ctx: Ctx) =>
  (await listImages(deps, ctx, {}, everything)).map(({ tags, shared }) => [
    ...tags.map(({ repository, tag }) => `${repository}:${tag}`),
    shared,
  ]);

describe('a shared image', () => {
  it('is seen and used by every tenant; one that the provider lacks is left out', async () => {
    await syncSharedImages(deps);
    for (const ctx of [a, b]) {
      expect(await namesOf(ctx)).toEqual([['base:1', true]]);
      const spec = containerSpec.parse({ image: 'base:1' });
      const { container } = await createContainer(deps, ctx, { spec, start: true });
      expect(container.imageId).toBe((await requireImage(deps, ctx, 'base:1')).id);
    }
    await expect(requireImage(deps, a, 'absent:1')).rejects.toMatchObject({ code: 'not_found' });
  });

  it('is read-only', async () => {
    const { id } = await requireImage(deps, a, 'base:1');
    for (const reference of ['base:1', id]) {
      await expect(removeImage(deps, a, reference, { force: true })).rejects.toMatchObject({ code: 'forbidden' });
    }
    expect(await pruneImages(deps, a, { all: true })).toEqual([]);
    expect(await namesOf(b)).toEqual([['base:1', true]]);
  });

  it('becomes a tenant’s own when that tenant names it, and nobody else’s', async () => {
    const { image, changed } = await tagImage(deps, b, 'base:1', { repository: 'mine', tag: 'v1' });
    expect(changed).toBe(true);
    expect(image).toMatchObject({ shared: false, tags: [{ repository: 'mine', tag: 'v1' }] });
    expect(await namesOf(b)).toEqual([['mine:v1', false]]);
    expect(await namesOf(a)).toEqual([['base:1', true]]);
    expect((await requireImage(deps, b, 'base:1')).id).toBe(image.id);
    expect((await getTenant(deps, 'b')).quotas.images.used).toBe(1);
  });

  it('comes and goes with the setting, and stays as it is while the setting does', async () => {
    await bring('base:2');
    await share('base:1', 'docker.io/library/base:2', 'base:2');
    const before = await listImages(deps, a, {}, everything);
    expect(before).toHaveLength(2);
    await share('base:1', 'base:2');
    expect(await listImages(deps, a, {}, everything)).toEqual(before);
    await share('base:2');
    expect(await namesOf(a)).toEqual([['base:2', true]]);
    expect(await namesOf(b)).toEqual([
      ['base:2', true],
      ['mine:v1', false],
    ]);
    await share();
    expect(await namesOf(a)).toEqual([]);
  });
});
