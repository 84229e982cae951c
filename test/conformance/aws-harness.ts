/** The AWS provider against the fake AWS, whose tasks are containers of this test run's Engine. */
import { randomUUID } from 'node:crypto';
import { expect } from 'vitest';
import { parseConfig } from '../../src/config.ts';
import { systemClock, systemIds } from '../../src/domain/clock.ts';
import { parseImageReference } from '../../src/domain/image.ts';
import { createLog } from '../../src/log.ts';
import { ownBuckets } from '../../src/providers/aws/throttle.ts';
import type { Provider } from '../../src/providers/provider.ts';
import { createProvider } from '../../src/providers/registry.ts';
import { openAwsAccount } from '../support/aws-account.ts';
import { busyboxImage, pushImage } from '../support/base-images.ts';
import { openDocker, testDockerHost } from '../support/engine.ts';
import { startRegistry } from '../support/registry.ts';
import { publish } from './docker-harness.ts';
import { type Harness, type ImageName, within } from './harness.ts';

const auth = { username: 'ann', password: 'ann-s secret' };

export async function makeAwsHarness(): Promise<Harness> {
  const docker = openDocker(testDockerHost());
  const { fake, settings } = await openAwsAccount();
  const config = parseConfig({ ...settings, DATABASE_URL: 'postgres://none/none' });
  const log = createLog('silent');
  const buckets = ownBuckets(systemClock);
  const place = { installId: randomUUID(), clock: systemClock, ids: systemIds, log, buckets };
  const provider = await createProvider(config, place);
  const tenants = [randomUUID(), randomUUID()] as const;

  const [open, guarded] = await Promise.all([startRegistry(), startRegistry({ credentials: auth })]);
  const base = await pushImage(docker, busyboxImage, { host: open.host, name: 'suite/base:1' });
  const held = await Promise.all(tenants.map((tenantId) => pulled(provider, parseImageReference(base), tenantId)));
  const image = await publish(docker, { host: open.host, name: 'suite/open:1' });
  const secured = await publish(docker, { host: guarded.host, name: 'suite/secured:1', credentials: auth });

  return {
    provider,
    tenants,
    imageId: held[0] ?? '',
    realKernel: true,
    registry: { image: parseImageReference(image), secured: { image: parseImageReference(secured), auth } },
    close: async () => {
      const { failures, violations } = fake;
      await Promise.all([fake.close(), open.stop(), guarded.stop()]);
      expect({ failures, violations }).toEqual({ failures: [], violations: [] });
    },
  };
}

async function pulled(provider: Provider, image: ImageName, tenantId: string): Promise<string> {
  const pulling = provider.images.pull({ ...image, auth: null, tenantId }, within());
  for (;;) {
    const step = await pulling.next();
    if (step.done) return step.value.id;
  }
}
