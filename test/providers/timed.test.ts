import { describe, expect, it } from 'vitest';
import { systemClock, systemIds } from '../../src/domain/clock.ts';
import { AppError } from '../../src/domain/errors.ts';
import { noMetrics } from '../../src/domain/metrics.ts';
import { createMemoryProvider } from '../../src/providers/memory/memory.ts';
import { timed } from '../../src/providers/timed.ts';

const within = () => ({ signal: AbortSignal.timeout(5000) });
const unknown = { key: 'unknown', handle: null };

function counted() {
  const calls: string[] = [];
  const bare = createMemoryProvider({ installId: 'test', clock: systemClock, ids: systemIds });
  const metrics = {
    ...noMetrics,
    providerCall: (method: string) => (outcome: string) => void calls.push(`${method} ${outcome}`),
  };
  return { calls, bare, provider: timed(bare, metrics), timedLike: (other: typeof bare) => timed(other, metrics) };
}

describe('a timed provider', () => {
  it('counts each call by its method and how it ended, and passes both on', async () => {
    const { calls, provider } = counted();
    expect(await provider.observe(unknown, within())).toEqual({ kind: 'absent' });
    await expect(provider.start(unknown, within())).rejects.toBeInstanceOf(AppError);
    await provider.networks.ensure({ key: 'n', tenantId: 't', internal: false }, within());
    expect(calls).toEqual(['observe ok', 'start not_found', 'networks.ensure ok']);
  });

  it('counts a pull when it ends, with its progress and result untouched', async () => {
    const { calls, provider } = counted();
    const image = {
      domain: 'docker.io',
      path: 'library/alpine',
      tag: 'latest',
      digest: null,
      auth: null,
      tenantId: 't',
    };
    const pull = provider.images.pull(image, within());
    expect((await pull.next()).value).toMatchObject({ status: 'Pulling alpine:latest' });
    expect(calls).toEqual([]);
    let step = await pull.next();
    while (!step.done) step = await pull.next();
    expect(step.value).toMatchObject({ os: 'linux' });
    expect(calls).toEqual(['images.pull ok']);
    await expect(provider.images.pull({ ...image, path: 'missing' }, within()).next()).rejects.toBeInstanceOf(AppError);
    expect(calls.at(-1)).toBe('images.pull not_found');
  });

  it('keeps capabilities as they are: absent stays absent', () => {
    const { bare, timedLike } = counted();
    const { pause, ...incapable } = bare;
    expect(pause).toBeDefined();
    expect(Object.keys(timedLike(incapable)).sort()).toEqual(Object.keys(incapable).sort());
  });
});
