/** Pulling: what it leaves as rows and at the provider, also where it fails or crosses a removal. Needs Postgres. */
import { sql } from 'drizzle-orm';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import type { Ctx, Deps } from '../../src/context.ts';
import { withTenant } from '../../src/db/tenancy.ts';
import { AppError } from '../../src/domain/errors.ts';
import type { ProviderCall } from '../../src/providers/memory/faults.ts';
import { pullImage } from '../../src/services/image-pull.ts';
import { removeImage } from '../../src/services/image-references.ts';
import { requireImage } from '../../src/services/images.ts';
import { changeQuotas, getTenant } from '../../src/services/tenants.ts';
import { operatorCtx, tenantCtx, testDeps } from '../support/deps.ts';
import { type TestDatabase, testDatabase } from '../support/postgres.ts';
import { pulled } from '../support/pulled.ts';

let database: TestDatabase;
let deps: Deps;
/** Runs once, before the next call of this name. */
let interruption: { call: string; run: () => Promise<unknown> } | null = null;
let calls: string[] = [];

beforeAll(async () => {
  database = await testDatabase();
  const before = async ({ name }: ProviderCall) => {
    calls.push(name);
    if (interruption?.call !== name) return;
    const { run } = interruption;
    interruption = null;
    await run();
  };
  deps = await testDeps(database.url, {}, { before });
});
afterEach(() => {
  calls = [];
  interruption = null;
});
afterAll(async () => {
  await deps.db.close();
  await database.close();
});

const used = async (ctx: Ctx) => (await getTenant(deps, ctx.principal.tenant)).quotas.images.used;
const heldBy = async (ctx: Ctx) => {
  const owned = await deps.provider.listOwned({ signal: AbortSignal.timeout(5000) });
  return owned
    .filter(({ kind, tenantId }) => kind === 'image' && tenantId === ctx.principal.tenantId)
    .map(({ key }) => key);
};
const rowsOf = (ctx: Ctx) =>
  withTenant(deps.db, ctx.principal.tenantId, async (tx) => {
    const rows = await tx.execute(sql`select id from images where tenant_id = ${ctx.principal.tenantId}`);
    return Array.from(rows as Iterable<{ id: string }>, ({ id }) => id);
  });
const eventsOf = (ctx: Ctx) =>
  withTenant(deps.db, ctx.principal.tenantId, async (tx) => {
    const { tenantId } = ctx.principal;
    const rows = await tx.execute(
      sql`select seq::int, kind, type, name from events where tenant_id = ${tenantId} order by seq`,
    );
    return Array.from(rows as Iterable<Record<string, unknown>>);
  });

describe('a pull', () => {
  it('tells its progress and leaves a row, a name, a digest, an event and a hold', async () => {
    const ctx = await tenantCtx(deps, 'pull');
    const steps = pullImage(deps, ctx, { reference: 'team/app:1', auth: null });
    const statuses: string[] = [];
    let step = await steps.next();
    for (; !step.done; step = await steps.next()) statuses.push(step.value.status);
    expect(statuses.length).toBeGreaterThan(1);
    const image = step.value;
    expect(image).toMatchObject({ tags: [{ repository: 'team/app', tag: '1' }], shared: false });
    expect(image.repoDigests).toEqual([`team/app@${image.digest}`]);
    expect(await heldBy(ctx)).toEqual([image.id]);
    expect(await eventsOf(ctx)).toEqual([{ seq: 1, kind: 'image', type: 'pulled', name: 'team/app:1' }]);
  });

  it('works again on what is there, and counts once', async () => {
    const ctx = await tenantCtx(deps, 'again');
    const first = await pulled(deps, ctx, 'app');
    const second = await pulled(deps, ctx, 'app');
    expect({ ...second, pulledAt: first.pulledAt }).toEqual(first);
    expect(second.pulledAt.getTime()).toBeGreaterThanOrEqual(first.pulledAt.getTime());
    const byDigest = await pulled(deps, ctx, `mirror/app@${first.digest}`);
    expect(byDigest).toMatchObject({ id: first.id, tags: first.tags });
    expect(byDigest.repoDigests).toEqual([`app@${first.digest}`, `mirror/app@${first.digest}`]);
    expect(await used(ctx)).toBe(1);
  });

  it('by digest gives no name, whatever tag stands beside it', async () => {
    const ctx = await tenantCtx(deps, 'digest');
    const digest = `sha256:${'a'.repeat(64)}`;
    expect(await pulled(deps, ctx, `app:1@${digest}`)).toMatchObject({
      tags: [],
      repoDigests: [`app@${digest}`],
      digest,
    });
  });

  it('uses a credential and keeps it nowhere', async () => {
    const ctx = await tenantCtx(deps, 'auth');
    const steps = pullImage(deps, ctx, { reference: 'private/app', auth: { username: 'me', password: 'secret' } });
    while (!(await steps.next()).done);
    const image = await requireImage(deps, ctx, 'private/app');
    expect(JSON.stringify([image, await eventsOf(ctx)])).not.toContain('secret');
  });
});

describe('a pull that fails', () => {
  it('for the operator’s policy never reaches the provider', async () => {
    const ctx = await tenantCtx(deps, 'policy');
    await expect(pulled(deps, ctx, 'registry.example/app')).rejects.toMatchObject({ code: 'forbidden' });
    await expect(pulled(deps, ctx, '127.0.0.1:5000/app')).rejects.toMatchObject({ code: 'forbidden' });
    expect(calls).toEqual([]);
  });

  it('says which image is not there, which is not allowed, and what is no reference', async () => {
    const ctx = await tenantCtx(deps, 'fail');
    await expect(pulled(deps, ctx, 'team/missing:2')).rejects.toMatchObject({
      code: 'not_found',
      message: expect.stringContaining('team/missing:2'),
    });
    await expect(pulled(deps, ctx, 'private/app')).rejects.toMatchObject({ code: 'forbidden' });
    for (const reference of [
      '',
      'UPPER',
      'a b',
      'app:',
      `sha256:${'a'.repeat(64)}`,
      'a'.repeat(64),
      `${'a/'.repeat(200)}b`,
    ]) {
      await expect(pulled(deps, ctx, reference), reference).rejects.toMatchObject({ code: 'invalid' });
    }
    expect([await rowsOf(ctx), await heldBy(ctx)]).toEqual([[], []]);
  });

  it('for the quota leaves nothing, and what was there still pulls', async () => {
    const ctx = await tenantCtx(deps, 'quota');
    await changeQuotas(deps, operatorCtx(deps), 'quota', { images: 1 });
    const { id } = await pulled(deps, ctx, 'first');
    await expect(pulled(deps, ctx, 'second')).rejects.toMatchObject({ code: 'limit', details: { resource: 'images' } });
    await pulled(deps, ctx, 'first');
    expect([await rowsOf(ctx), await heldBy(ctx), await used(ctx)]).toEqual([[id], [id], 1]);
  });
});

describe('a pull that crosses a removal', () => {
  it('wins or loses as a whole when the removal comes between its row and its last look', async () => {
    const [ctx, other] = [await tenantCtx(deps, 'cross'), await tenantCtx(deps, 'bystander')];
    for (const heldElsewhere of [false, true]) {
      if (heldElsewhere) await pulled(deps, other, 'crossed');
      interruption = { call: 'images.hold', run: () => removeImage(deps, ctx, 'crossed', { force: false }) };
      await expect(pulled(deps, ctx, 'crossed')).rejects.toMatchObject({ code: 'unavailable' });
      expect([await rowsOf(ctx), await heldBy(ctx), await used(ctx)]).toEqual([[], [], 0]);
    }
  });

  it('leaves no row without its image when it comes between the removal’s row and its release', async () => {
    const ctx = await tenantCtx(deps, 'cross');
    const other = await tenantCtx(deps, 'bystander');
    for (const heldElsewhere of [true, false]) {
      if (!heldElsewhere) await removeImage(deps, other, 'crossed', { force: false });
      await pulled(deps, ctx, 'crossed');
      interruption = { call: 'images.release', run: () => pulled(deps, ctx, 'crossed') };
      await removeImage(deps, ctx, 'crossed', { force: false });
      const rows = await rowsOf(ctx);
      expect(rows).toHaveLength(heldElsewhere ? 1 : 0);
      expect([await heldBy(ctx), await used(ctx)]).toEqual([rows, rows.length]);
    }
  });

  it('finds what a failed release left, and takes it over', async () => {
    const ctx = await tenantCtx(deps, 'left');
    const { id } = await pulled(deps, ctx, 'crossed');
    const run = async () => {
      throw new AppError('unavailable', 'The provider is not available');
    };
    interruption = { call: 'images.release', run };
    await removeImage(deps, ctx, 'crossed', { force: false });
    expect([await rowsOf(ctx), await heldBy(ctx)]).toEqual([[], [id]]);
    await pulled(deps, ctx, 'crossed');
    expect([await rowsOf(ctx), await heldBy(ctx)]).toEqual([[id], [id]]);
  });
});
