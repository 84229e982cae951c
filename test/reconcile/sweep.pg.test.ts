import postgres from 'postgres';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import type { Ctx, Deps } from '../../src/context.ts';
import { connectionOptions } from '../../src/db/client.ts';
import { purgeExpired } from '../../src/db/retention.ts';
import { containerSpec } from '../../src/domain/container-spec.ts';
import { AppError } from '../../src/domain/errors.ts';
import { SHARED_TENANT_ID } from '../../src/domain/principal.ts';
import type { CreateInput } from '../../src/providers/provider.ts';
import { removeOrphans } from '../../src/reconcile/orphans.ts';
import { removeContainer } from '../../src/services/container-verbs.ts';
import { createContainer, getContainer } from '../../src/services/containers.ts';
import { requireImage } from '../../src/services/images.ts';
import { listOrphans, releaseOrphans } from '../../src/services/orphans.ts';
import { operatorCtx, tenantCtx, testDeps } from '../support/deps.ts';
import { type TestDatabase, testDatabase } from '../support/postgres.ts';
import { pulled } from '../support/pulled.ts';
import { shareImage } from '../support/shared-image.ts';

let database: TestDatabase;
let sql: postgres.Sql;
let deps: Deps;
let ctx: Ctx;
const forever = new AbortController().signal;
const soon = { signal: AbortSignal.timeout(60_000) };

beforeAll(async () => {
  database = await testDatabase();
  sql = postgres({ ...connectionOptions(database.url), max: 1 });
});
/** A provider of its own for each test, so that what one leaves is no orphan of the next. */
beforeEach(async () => {
  await deps?.db.close();
  await sql`delete from images where tenant_id = ${SHARED_TENANT_ID}`;
  await sql`delete from containers`;
  await sql`delete from strays`;
  await sql`update quotas set used = 0 where resource = 'containers'`;
  deps = await testDeps(database.url);
  await shareImage(database.url, deps.provider, 'busybox');
  ctx = await tenantCtx(deps, 'sweeper');
  await deps.provider.networks.ensure(
    { key: await networkKey(), tenantId: ctx.principal.tenantId, internal: false },
    soon,
  );
});
afterAll(async () => {
  await deps?.db.close();
  await sql.end();
  await database.close();
});

const networkKey = async () =>
  (await sql`select provider_key from networks where tenant_id = ${ctx.principal.tenantId}`)[0]?.provider_key as string;
const make = (name: string) =>
  createContainer(deps, ctx, {
    name,
    spec: containerSpec.parse({ image: 'busybox', command: ['sleep', '600'] }),
    start: true,
  });
const ripen = () => sql`update strays set first_seen_at = first_seen_at - interval '16 minutes'`;
const ownedContainers = async () => (await deps.provider.listOwned(soon)).filter(({ kind }) => kind === 'container');

describe('orphans', () => {
  it('of a container that was removed go at once: a create that came too late', async () => {
    const { container } = await make('late');
    await removeContainer(deps, ctx, 'late', { force: true, volumes: false });
    const { tenantId, id, name, spec, imageId } = container;
    const input: CreateInput = {
      key: `ls-${id}-1`,
      tenantId,
      containerId: id,
      incarnation: 1,
      name,
      spec,
      imageId,
      networks: [],
      volumes: [],
    };
    await deps.provider.create(input, soon);
    expect(await ownedContainers()).toHaveLength(1);
    expect(await removeOrphans(deps, forever)).toMatchObject({ discarded: 1, braked: 0 });
    expect(await ownedContainers()).toEqual([]);
  });

  it('without any row go after two sightings and a quarter of an hour, and not before', async () => {
    await make('unexplained');
    await sql`delete from containers where name = 'unexplained'`;
    expect(await removeOrphans(deps, forever)).toMatchObject({ strays: 1, discarded: 0 });
    expect(await removeOrphans(deps, forever)).toMatchObject({ strays: 1, discarded: 0 });
    await ripen();
    expect(await removeOrphans(deps, forever)).toMatchObject({ strays: 1, discarded: 1 });
    expect(await ownedContainers()).toEqual([]);
  });

  it('are forgotten when a row explains them again', async () => {
    const { container } = await make('restored');
    const rows = await sql`delete from runs where container_id = ${container.id} returning *`;
    const [row] = await sql`delete from containers where id = ${container.id} returning *`;
    await removeOrphans(deps, forever);
    await sql`insert into containers ${sql(row ?? {})}`;
    await sql`insert into runs ${sql(rows)}`;
    await removeOrphans(deps, forever);
    expect(await sql`select * from strays`).toEqual([]);
  });

  it('in large numbers are left alone: a database restored from a backup must not empty the provider', async () => {
    for (let count = 0; count < 11; count++) await make(`many-${count}`);
    await sql`delete from containers`;
    await removeOrphans(deps, forever);
    await removeOrphans(deps, forever);
    await ripen();
    expect(await removeOrphans(deps, forever)).toMatchObject({ strays: 11, braked: 11, discarded: 0 });
    expect(await ownedContainers()).toHaveLength(11);
  });

  it('that the brake holds go when the operator, who has seen how many they are, releases them', async () => {
    for (let count = 0; count < 11; count++) await make(`held-${count}`);
    await sql`delete from containers`;
    await removeOrphans(deps, forever);
    await removeOrphans(deps, forever);
    await ripen();
    const operator = operatorCtx(deps);
    expect(await listOrphans(deps, operator)).toMatchObject({ isHeld: true, doomed: { length: 11 } });
    await expect(releaseOrphans(deps, operator, 10)).rejects.toMatchObject({ code: 'conflict' });
    expect(await ownedContainers()).toHaveLength(11);
    expect(await releaseOrphans(deps, operator, 11)).toEqual({ removed: 11, left: 0 });
    expect(await ownedContainers()).toEqual([]);
  });

  it('among images are one tenant’s hold without a row, never the hold of another on the same image', async () => {
    const keeper = await tenantCtx(deps, 'keeper');
    const { id } = await pulled(deps, keeper, 'app');
    await pulled(deps, ctx, 'app');
    await sql`delete from images where tenant_id = ${ctx.principal.tenantId}`;
    await removeOrphans(deps, forever);
    await removeOrphans(deps, forever);
    await ripen();
    expect(await removeOrphans(deps, forever)).toMatchObject({ strays: 1, discarded: 1 });
    const holds = (await deps.provider.listOwned(soon)).filter(({ kind, key }) => kind === 'image' && key === id);
    expect(holds.map(({ tenantId }) => tenantId)).toEqual([keeper.principal.tenantId]);
    expect(await requireImage(deps, keeper, 'app')).toMatchObject({ id });
  });

  it('that cannot be removed keep no other from going', async () => {
    const [stuck, free] = ['ls-vol-a', 'ls-vol-b'];
    for (const key of [stuck, free]) await deps.provider.volumes.ensure({ key, tenantId: 'nobody' }, soon);
    const discard: Deps['provider']['discard'] = async (object, options) => {
      if (object.key === stuck) throw new AppError('conflict', 'The volume is mounted');
      await deps.provider.discard(object, options);
    };
    const failing = { ...deps, provider: { ...deps.provider, discard } };
    await removeOrphans(failing, forever);
    await removeOrphans(failing, forever);
    await ripen();
    expect(await removeOrphans(failing, forever)).toMatchObject({ strays: 2, discarded: 1 });
    expect((await deps.provider.listOwned(soon)).map(({ key }) => key)).toContain(stuck);
  });

  it('whose label names no tenant are strays like any other', async () => {
    await deps.provider.volumes.ensure({ key: 'ls-vol-odd', tenantId: 'nobody' }, soon);
    expect(await removeOrphans(deps, forever)).toMatchObject({ strays: 1, discarded: 0 });
  });

  it('are never what a live row owns', async () => {
    await make('kept');
    expect(await removeOrphans(deps, forever)).toMatchObject({ discarded: 0, strays: 0, differing: 0 });
    expect(await ownedContainers()).toHaveLength(1);
  });
});

it('a removal that takes anonymous volumes along says so, gives their quota back, and leaves none at the provider', async () => {
  const atProvider = async () => (await deps.provider.listOwned(soon)).filter(({ kind }) => kind === 'volume').length;
  const mounts = [{ type: 'volume' as const, target: '/data' }];
  const spec = containerSpec.parse({ image: 'busybox', mounts });
  await createContainer(deps, ctx, { name: 'mounted', spec, start: false });
  expect(await atProvider()).toBe(1);
  await removeContainer(deps, ctx, 'mounted', { force: true, volumes: true });
  const last = await sql`select kind, type from events order by seq desc limit 2`;
  expect(last).toEqual([
    { kind: 'volume', type: 'removed' },
    { kind: 'container', type: 'removed' },
  ]);
  expect(await sql`select used from quotas where resource = 'volumes' and used <> 0`).toEqual([]);
  expect(await atProvider()).toBe(0);
});

it('a row whose object is missing becomes due', async () => {
  const { container } = await make('missing');
  await deps.provider.destroy({ key: container.run.providerKey, handle: container.run.handle }, soon);
  expect(await removeOrphans(deps, forever)).toMatchObject({ differing: 1 });
  const [row] = await sql`select next_run_at <= longshore_now() as due from containers where id = ${container.id}`;
  expect(row?.due).toBe(true);
});

describe('retention', () => {
  const hours = { events: 168, operations: 168, idempotency: 24, tombstones: 168 };
  const age = (table: string, column: string, days: number) =>
    sql`update ${sql(table)} set ${sql(column)} = ${sql(column)} - make_interval(days => ${days})`;

  it('purges events, ended operations, tombstones and idempotency keys when their time is over, and nothing younger', async () => {
    const { tenantId } = ctx.principal;
    await make('young');
    await make('old');
    await removeContainer(deps, ctx, 'old', { force: true, volumes: false });
    await sql`insert into idempotency_keys (tenant_id, route, key, request_hash, state, locked_until)
      values (${tenantId}, 'POST /x', 'k', 'h', 'done', longshore_now())`;
    expect(await purgeExpired(deps.db, hours)).toBe(0);

    await age('events', 'at', 8);
    await age('operations', 'finished_at', 8);
    await age('idempotency_keys', 'created_at', 2);
    await sql`update containers set removed_at = removed_at - interval '8 days' where removed_at is not null`;
    expect(await purgeExpired(deps.db, hours)).toBeGreaterThan(0);

    for (const table of ['events', 'operations', 'idempotency_keys'])
      expect(await sql`select from ${sql(table)}`).toHaveLength(0);
    expect((await sql`select name from containers`).map(({ name }) => name)).toEqual(['young']);
    expect(await getContainer(deps, ctx, 'young')).toMatchObject({ name: 'young' });
  });

  it('keeps up with tenants who make more than one bite between two passes', async () => {
    await sql`insert into idempotency_keys (tenant_id, route, key, request_hash, state, locked_until, created_at)
      select ${ctx.principal.tenantId}, 'POST /x', n::text, 'h', 'done', longshore_now(), longshore_now() - interval '2 days'
      from generate_series(1, 12000) n`;
    expect(await purgeExpired(deps.db, hours)).toBe(12_000);
  });
});
