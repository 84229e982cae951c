import { describe, expect, it } from 'vitest';
import { systemClock, systemIds } from '../../../src/domain/clock.ts';
import { containerSpec } from '../../../src/domain/container-spec.ts';
import { AppError } from '../../../src/domain/errors.ts';
import type { Faults } from '../../../src/providers/memory/faults.ts';
import { createMemoryProvider } from '../../../src/providers/memory/memory.ts';
import { createWorld, type MemoryWorld } from '../../../src/providers/memory/world.ts';
import type { CreateInput, Provider } from '../../../src/providers/provider.ts';

const options = { signal: new AbortController().signal };
const tenantId = '00000000-0000-4000-8000-000000000001';

function over(world: MemoryWorld, faults: Faults = {}): Provider {
  return createMemoryProvider({ installId: 'test', clock: systemClock, ids: systemIds, world, faults });
}

async function inputFor(provider: Provider, key: string): Promise<CreateInput> {
  const reference = { domain: 'docker.io', path: 'library/app', tag: 'latest', digest: null };
  const pull = provider.images.pull({ ...reference, auth: null, tenantId }, options);
  let step = await pull.next();
  while (!step.done) step = await pull.next();
  const spec = containerSpec.parse({ image: 'app' });
  return {
    key,
    tenantId,
    containerId: key,
    incarnation: 1,
    name: 'app',
    spec,
    imageId: step.value.id,
    networks: [],
    volumes: [],
  };
}

describe('faults of the memory provider', () => {
  it('before a call leave the world untouched, after it they lose only the answer', async () => {
    const world = createWorld({ restartInPlace: true });
    const input = await inputFor(over(world), 'run-1');
    const lost = async () => {
      throw new AppError('timeout', 'lost');
    };
    await expect(over(world, { before: lost }).create(input, options)).rejects.toMatchObject({ code: 'timeout' });
    expect(world.runs.size).toBe(0);
    await expect(over(world, { after: lost }).create(input, options)).rejects.toMatchObject({ code: 'timeout' });
    expect(await over(world).observe({ key: 'run-1', handle: null }, options)).toMatchObject({ phase: 'created' });
  });

  it('name the call and what it is about', async () => {
    const world = createWorld({ restartInPlace: true });
    const calls: string[] = [];
    const provider = over(world, {
      before: async ({ name, key }) => {
        calls.push(`${name} ${key}`);
      },
    });
    await provider.observe({ key: 'run-1', handle: null }, options);
    await provider.networks.ensure({ key: 'net-1', tenantId, internal: false }, options);
    await provider.listOwned(options);
    expect(calls).toEqual(['observe run-1', 'networks.ensure net-1', 'listOwned null']);
  });

  it('answer an observation with an older state and its older version', async () => {
    const world = createWorld({ restartInPlace: false });
    const provider = over(world);
    const ref = { key: 'run-1', ...(await provider.create(await inputFor(provider, 'run-1'), options)) };
    await provider.start(ref, options);
    const late = over(world, { answer: (_key, history) => history.at(-2) ?? { kind: 'absent' } });
    expect(await late.observe(ref, options)).toMatchObject({ phase: 'created', version: 1 });
    expect(await provider.observe(ref, options)).toMatchObject({ phase: 'running', version: 2 });
  });

  it('outlive no call: a passed deadline is a timeout without effect', async () => {
    const world = createWorld({ restartInPlace: true });
    const input = await inputFor(over(world), 'run-1');
    const passed = { signal: AbortSignal.abort() };
    await expect(over(world).create(input, passed)).rejects.toMatchObject({ code: 'timeout' });
    expect(world.runs.size).toBe(0);
  });
});

describe('a world', () => {
  it('outlives the provider that filled it', async () => {
    const world = createWorld({ restartInPlace: true });
    const first = over(world);
    const ref = { key: 'run-1', ...(await first.create(await inputFor(first, 'run-1'), options)) };
    await first.start(ref, options);
    expect(await over(world).observe(ref, options)).toMatchObject({ phase: 'running' });
  });

  it('like ECS never makes a second run under one key', async () => {
    const world = createWorld({ restartInPlace: false });
    const provider = over(world);
    const input = await inputFor(provider, 'run-1');
    const made = await provider.create(input, options);
    await provider.destroy({ key: 'run-1', ...made }, options);
    expect(await provider.create(input, options)).toMatchObject({ handle: made.handle });
    expect(await provider.observe({ key: 'run-1', ...made }, options)).toEqual({ kind: 'absent' });
  });
});
