import { randomUUID } from 'node:crypto';
import { systemClock, systemIds } from '../../src/domain/clock.ts';
import { createMemoryProvider } from '../../src/providers/memory/memory.ts';
import type { Provider } from '../../src/providers/provider.ts';
import { type Harness, type ImageName, within } from './harness.ts';
import { describeProvider, everything } from './provider-suite.ts';

const named = (path: string, tag: string): ImageName => ({ domain: 'registry.example', path, tag, digest: null });

async function pull(provider: Provider, image: ImageName, tenantId: string) {
  const lines = provider.images.pull({ ...image, auth: null, tenantId }, within());
  for (;;) {
    const { done, value } = await lines.next();
    if (done) return value;
  }
}

async function harness(restartInPlace: boolean): Promise<Harness> {
  const provider = createMemoryProvider({
    installId: randomUUID(),
    clock: systemClock,
    ids: systemIds,
    features: { restartInPlace },
  });
  const tenants = [randomUUID(), randomUUID()] as const;
  const { id } = await pull(provider, named('suite', 'held'), tenants[0]);
  await provider.images.hold(id, tenants[1], within());
  return {
    provider,
    tenants,
    imageId: id,
    realKernel: false,
    registry: {
      image: named('suite', 'latest'),
      secured: { image: named('private/suite', 'latest'), auth: { username: 'someone', password: 'secret' } },
    },
    close: async () => {},
  };
}

describeProvider('memory (restarts in place, like Docker)', () => harness(true), {
  realKernel: false,
  capabilities: [...everything, 'images.pushAccess'],
});
describeProvider('memory (never restarts in place, like ECS)', () => harness(false), {
  realKernel: false,
  capabilities: [...everything, 'images.pushAccess'],
});
