import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import type { Ctx, Deps } from '../../src/context.ts';
import { statusOf } from '../../src/domain/container.ts';
import { type ContainerSpecInput, containerSpec } from '../../src/domain/container-spec.ts';
import { AppError } from '../../src/domain/errors.ts';
import { takeHint } from '../../src/reconcile/hints.ts';
import { updateContainer } from '../../src/services/container-update.ts';
import { startContainer, stopContainer } from '../../src/services/container-verbs.ts';
import { createContainer, getContainer } from '../../src/services/containers.ts';
import { waitForContainer } from '../../src/services/wait.ts';
import { tenantCtx, testDeps } from '../support/deps.ts';
import { type TestDatabase, testDatabase } from '../support/postgres.ts';
import { pulled } from '../support/pulled.ts';
import { workOffDue } from '../support/work-off-due.ts';

let database: TestDatabase;
let deps: Deps;
let ctx: Ctx;
/** What the provider answers to new limits. */
let refusal: AppError | null = null;
beforeAll(async () => {
  database = await testDatabase();
  deps = await testDeps(
    database.url,
    {},
    {
      before: async ({ name }) => {
        if (name === 'update' && refusal) throw refusal;
      },
    },
  );
  ctx = await tenantCtx(deps, 'acme');
  await pulled(deps, ctx, 'app');
});
afterEach(() => {
  refusal = null;
});
afterAll(async () => {
  await deps?.db.close();
  await database?.close();
});

const specOf = (spec: Partial<ContainerSpecInput>) =>
  containerSpec.parse({ image: 'app', resources: { memoryMiB: 64, cpus: 0.5, pids: 9 }, ...spec });
async function make(spec: Partial<ContainerSpecInput> = {}, start = true): Promise<string> {
  return (await createContainer(deps, ctx, { spec: specOf(spec), start })).container.id;
}
async function limits(id: string) {
  const { spec, run } = await getContainer(deps, ctx, id);
  const seen = await deps.provider.observe(
    { key: run.providerKey, handle: run.handle },
    { signal: AbortSignal.timeout(5000) },
  );
  return { wanted: spec.resources, real: seen.kind === 'present' ? seen.resources : null };
}

describe('new limits', () => {
  it.each([true, false])('reach the run (started: %s), and those not named stay', async (start) => {
    const id = await make({}, start);
    const { changed, converged } = await updateContainer(deps, ctx, id, { resources: { memoryMiB: 128 } });
    expect({ changed, converged }).toEqual({ changed: true, converged: true });
    const wanted = { memoryMiB: 128, cpus: 0.5, pids: 9 };
    expect(await limits(id)).toEqual({ wanted, real: wanted });
  });

  it('are kept while the provider is away, and reach the run later', async () => {
    const id = await make();
    refusal = new AppError('unavailable', 'away');
    const call = updateContainer(deps, ctx, id, { resources: { pids: 12 } });
    await expect(call).rejects.toMatchObject({ code: 'unavailable', details: { containerId: id } });
    expect(await limits(id)).toMatchObject({ wanted: { pids: 12 }, real: { pids: 9 } });
    refusal = null;
    await expect
      .poll(
        async () => {
          await workOffDue(deps, 16);
          return (await limits(id)).real;
        },
        { timeout: 20_000 },
      )
      .toMatchObject({ pids: 12 });
  });

  it('that the provider refuses are taken back, and the container goes on as it was', async () => {
    const id = await make();
    refusal = new AppError('conflict', 'The container uses more memory than that');
    const call = updateContainer(deps, ctx, id, { resources: { memoryMiB: 8 } });
    await expect(call).rejects.toMatchObject({ code: 'conflict', message: refusal.message });
    const held = { memoryMiB: 64, cpus: 0.5, pids: 9 };
    expect(await limits(id)).toEqual({ wanted: held, real: held });
    const container = await getContainer(deps, ctx, id);
    expect([statusOf(container), container.observedGeneration]).toEqual(['running', container.generation]);
    await stopContainer(deps, ctx, id, { graceSeconds: 0 });
    await startContainer(deps, ctx, id);
  });

  it('are not taken back where nobody changes or refuses any, whatever else goes wrong', async () => {
    const { update: _update, ...rest } = deps.provider;
    let refused = false;
    const observe: typeof rest.observe = async (...call) => {
      if (refused) throw new AppError('forbidden', 'Longshore may not look');
      const seen = await rest.observe(...call);
      return seen.kind === 'present' ? { ...seen, resources: { cpus: 1, memoryMiB: 2048 } } : seen;
    };
    const features = { ...rest.features, roundsLimits: true };
    const rounding = { ...deps, provider: { ...rest, observe, features } };
    const { container } = await createContainer(rounding, ctx, { spec: specOf({}), start: true });
    expect((await getContainer(deps, ctx, container.id)).run.resources).toEqual({ cpus: 1, memoryMiB: 2048 });
    refused = true;
    const restart = { policy: 'always' as const, maxRetries: 0 };
    const call = updateContainer(rounding, ctx, container.id, { restart });
    await expect(call).rejects.toMatchObject({ code: 'forbidden', details: { operationId: expect.anything() } });
    const { generation, spec } = await getContainer(deps, ctx, container.id);
    expect({ generation, restart: spec.restart }).toEqual({ generation: container.generation + 1, restart });
  });

  it('beyond what the operator allows, and of a tenant without the right, change nothing', async () => {
    const id = await make();
    const { generation } = await getContainer(deps, ctx, id);
    const viewer = await tenantCtx(deps, 'acme', 'viewer');
    const more = { resources: { memoryMiB: 1_000_000 } };
    await expect(updateContainer(deps, ctx, id, more)).rejects.toMatchObject({ code: 'limit' });
    await expect(updateContainer(deps, viewer, id, {})).rejects.toMatchObject({ code: 'forbidden' });
    const foreign = await tenantCtx(deps, 'other');
    await expect(updateContainer(deps, foreign, id, {})).rejects.toMatchObject({ code: 'not_found' });
    expect((await getContainer(deps, ctx, id)).generation).toBe(generation);
  });
});

describe('another restart policy', () => {
  it('holds from the next end on', async () => {
    const id = await make({ command: ['sh', '-c', 'sleep 1; exit 1'] });
    await updateContainer(deps, ctx, id, { restart: { policy: 'on-failure', maxRetries: 1 } });
    await expect
      .poll(
        async () => {
          await takeHint(deps, { containerId: id, news: 'changed' });
          await workOffDue(deps, 16);
          return (await getContainer(deps, ctx, id)).run.restartCount;
        },
        { timeout: 20_000 },
      )
      .toBe(1);
  });

  it('starts nothing that has ended', async () => {
    const id = await make({ command: ['sh', '-c', 'exit 0'] });
    await waitForContainer(deps, ctx, id, { condition: 'exited', timeoutSeconds: 10 }, ctx.signal);
    await updateContainer(deps, ctx, id, { restart: { policy: 'always', maxRetries: 0 } });
    await workOffDue(deps, 16);
    const container = await getContainer(deps, ctx, id);
    expect([statusOf(container), container.run.restartCount]).toEqual(['exited', 0]);
  });

  it('is refused beside autoRemove', async () => {
    const id = await make({ autoRemove: true });
    const call = updateContainer(deps, ctx, id, { restart: { policy: 'always', maxRetries: 0 } });
    await expect(call).rejects.toMatchObject({ code: 'invalid' });
  });
});
