/** Containers together with what they are made of. Needs Postgres. */
import { afterAll, beforeAll, expect, test } from 'vitest';
import type { Deps } from '../../src/context.ts';
import { containerSpec } from '../../src/domain/container-spec.ts';
import { describeContainer, describeContainers } from '../../src/services/container-details.ts';
import { createContainer } from '../../src/services/containers.ts';
import { tenantCtx, testDeps } from '../support/deps.ts';
import { type TestDatabase, testDatabase } from '../support/postgres.ts';
import { pulled } from '../support/pulled.ts';

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

test('a container is described with its image’s defaults and its volumes, to its own tenant only', async () => {
  const [ann, bob] = [await tenantCtx(deps, 'ann'), await tenantCtx(deps, 'bob')];
  const image = await pulled(deps, ann, 'ann/app:1');
  const mounts = [
    { type: 'tmpfs' as const, target: '/t' },
    { type: 'volume' as const, source: 'data', target: '/data', labels: { tier: 'db' } },
    { type: 'volume' as const, target: '/cache' },
  ];
  const spec = containerSpec.parse({ image: 'ann/app:1', command: ['sleep', '60'], mounts });
  const { container } = await createContainer(deps, ann, { name: 'web', spec, start: false });
  const { volumes, image: defaults, ...shown } = await describeContainer(deps, ann, 'web');
  expect(shown).toMatchObject({ id: container.id, name: 'web', attachments: [{ isDefault: true }] });
  expect(defaults).toEqual(image.config);
  expect(volumes).toEqual([
    { position: 1, name: 'data', anonymous: false },
    { position: 2, name: expect.stringMatching(/^[0-9a-f]{64}$/), anonymous: true },
  ]);
  expect(await describeContainer(deps, ann, container.id.slice(0, 10))).toEqual(
    await describeContainer(deps, ann, container.id),
  );
  for (const reference of ['web', container.id]) {
    await expect(describeContainer(deps, bob, reference)).rejects.toMatchObject({ code: 'not_found' });
  }

  const second = await createContainer(deps, ann, { name: 'second', spec: { ...spec, mounts: [] }, start: false });
  const listed = await describeContainers(deps, ann, {});
  expect(listed.map(({ id }) => id)).toEqual([second.container.id, container.id]);
  expect(listed[1]).toEqual(await describeContainer(deps, ann, 'web'));
  expect(await describeContainers(deps, bob, {})).toEqual([]);
});

test('ports and volumes of the image, and mounts of other containers, are filled in when a container is accepted', async () => {
  const ctx = await tenantCtx(deps, 'carl');
  await pulled(deps, ctx, 'carl/app:1');
  const make = async (name: string, more: object) => {
    const spec = containerSpec.parse({ image: 'carl/app:1', command: ['sleep', '60'], ...more });
    return (await createContainer(deps, ctx, { name, spec, start: false })).container.spec;
  };
  await make('first', {
    mounts: [
      { type: 'volume', source: 'data', target: '/data' },
      { type: 'tmpfs', target: '/t' },
    ],
  });
  const volumesFrom = [{ container: 'first', readOnly: true }];
  const expose = [{ containerPort: 81 }, { containerPort: 82 }];
  const second = await make('second', {
    volumesFrom,
    expose,
    publishAll: true,
    ports: [{ containerPort: 82, hostPort: 8082 }],
  });
  expect(second.mounts).toContainEqual({ type: 'volume', source: 'data', target: '/data', readOnly: true });
  expect(second.mounts).not.toContainEqual(expect.objectContaining({ target: '/t' }));
  expect(second.ports.filter(({ containerPort }) => containerPort > 80)).toEqual([
    { containerPort: 82, hostPort: 8082, protocol: 'tcp' },
    { containerPort: 81, hostPort: 0, protocol: 'tcp' },
  ]);
  const stranger = await tenantCtx(deps, 'dora');
  await pulled(deps, stranger, 'carl/app:1');
  const spec = containerSpec.parse({ image: 'carl/app:1', command: ['sleep', '60'], volumesFrom });
  await expect(createContainer(deps, stranger, { spec, start: false })).rejects.toMatchObject({ code: 'not_found' });
});
