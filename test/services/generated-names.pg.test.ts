import { afterAll, beforeAll, expect, it } from 'vitest';
import type { Ctx, Deps } from '../../src/context.ts';
import { containerSpec } from '../../src/domain/container-spec.ts';
import { createContainer } from '../../src/services/containers.ts';
import { tenantCtx, testDeps } from '../support/deps.ts';
import { type TestDatabase, testDatabase } from '../support/postgres.ts';
import { shareImage } from '../support/shared-image.ts';

let database: TestDatabase;
let deps: Deps;
let ctx: Ctx;

beforeAll(async () => {
  database = await testDatabase();
  deps = await testDeps(database.url);
  await shareImage(database.url, deps.provider, 'busybox');
  ctx = await tenantCtx(deps, 'nameless');
});
afterAll(async () => {
  await deps.db.close();
  await database.close();
});

/** With names drawn from these fractions, three of them each, and from 0 when they are used up. */
async function unnamed(...fractions: number[]): Promise<string> {
  const fraction = () => fractions.shift() ?? 0;
  const spec = containerSpec.parse({ image: 'busybox' });
  return (await createContainer({ ...deps, ids: { ...deps.ids, fraction } }, ctx, { spec, start: false })).container
    .name;
}

it('a generated name that is taken is exchanged for another one, and a name that was asked for is not', async () => {
  const first = await unnamed();
  const second = await unnamed(0, 0, 0, 0.5, 0.5, 0.5);
  expect(first).toBe('ample_anchor_0000');
  expect(second).toBe('keen_harbor_8000');
  const spec = containerSpec.parse({ image: 'busybox' });
  await expect(createContainer(deps, ctx, { name: first, spec, start: false })).rejects.toMatchObject({
    code: 'conflict',
    details: { takenName: first },
  });
});

it('a tenant whose names all seem to be taken gets an answer', async () => {
  await expect(unnamed()).rejects.toMatchObject({ code: 'conflict' });
});
