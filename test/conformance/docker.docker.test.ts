/** The Docker provider against a real Engine and two real registries, one of them with credentials. */
import { randomUUID } from 'node:crypto';
import type Docker from 'dockerode';
import { systemClock } from '../../src/domain/clock.ts';
import { parseImageReference } from '../../src/domain/image.ts';
import { createDockerProvider } from '../../src/providers/docker/docker.ts';
import { busyboxImage, pushImage } from '../support/base-images.ts';
import { openDocker, testDockerHost } from '../support/engine.ts';
import { startRegistry } from '../support/registry.ts';
import { type Harness, within } from './harness.ts';
import { describeProvider } from './provider-suite.ts';

const auth = { username: 'ann', password: 'ann-s secret' };

describeProvider('docker', async (): Promise<Harness> => {
  const docker = openDocker(testDockerHost());
  const provider = createDockerProvider({
    dockerHost: testDockerHost(),
    installId: randomUUID(),
    publishAddress: '127.0.0.1',
    clock: systemClock,
  });
  const tenants = [randomUUID(), randomUUID()] as const;
  const { id: imageId } = await provider.images.inspect(busyboxImage, within());
  await Promise.all(tenants.map((tenant) => provider.images.hold(imageId, tenant, within())));

  const [open, guarded] = await Promise.all([startRegistry(), startRegistry({ credentials: auth })]);
  const image = parseImageReference(await publish(docker, { host: open.host, name: 'suite/open:1' }));
  const secured = await publish(docker, { host: guarded.host, name: 'suite/secured:1', credentials: auth });

  return {
    provider,
    tenants,
    imageId,
    realKernel: true,
    registry: { image, secured: { image: parseImageReference(secured), auth } },
    close: async () => {
      await Promise.all(tenants.map((tenant) => provider.images.release(imageId, tenant, within())));
      await Promise.all([open.stop(), guarded.stop()]);
    },
  };
});

/** Pushes an image that nobody else has ever seen, and takes it off the Engine again. */
async function publish(docker: Docker, target: Parameters<typeof pushImage>[2]): Promise<string> {
  const container = await docker.createContainer({ Image: busyboxImage });
  const changes = `LABEL suite=${randomUUID()}`;
  const made: { Id: string } = await container.commit({ repo: 'longshore-test/suite', tag: randomUUID(), changes });
  const reference = await pushImage(docker, made.Id, target);
  await docker.getImage(made.Id).remove({ force: true });
  await container.remove();
  return reference;
}
