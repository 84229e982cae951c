/** The Docker provider on the Engine of this test run, as an installation of its own, with two registries to pull from. */
import { randomUUID } from 'node:crypto';
import type Docker from 'dockerode';
import { systemClock } from '../../src/domain/clock.ts';
import { parseImageReference } from '../../src/domain/image.ts';
import { createDockerProvider } from '../../src/providers/docker/docker.ts';
import { busyboxImage, pushImage } from '../support/base-images.ts';
import { openDocker, testDockerHost } from '../support/engine.ts';
import { startRegistry } from '../support/registry.ts';
import { type Harness, within } from './harness.ts';

const auth = { username: 'ann', password: 'ann-s secret' };

export interface DockerHarness extends Harness {
  /** The same Engine, past the provider: to see what is really there. */
  docker: Docker;
}

export async function makeDockerHarness(): Promise<DockerHarness> {
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
    docker,
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
}

/** Pushes an image that nobody else has ever seen, and takes it off the Engine again. */
export async function publish(docker: Docker, target: Parameters<typeof pushImage>[2]): Promise<string> {
  const made = await commitImage(docker, [`LABEL suite=${randomUUID()}`]);
  const reference = await pushImage(docker, made, target);
  await docker.getImage(made).remove({ force: true });
  return reference;
}

/** An image made from the base image, Dockerfile instructions and configuration, under a tag of its own. Returns its id. */
export async function commitImage(docker: Docker, changes: string[], config: object = {}): Promise<string> {
  const container = await docker.createContainer({ Image: busyboxImage, ...config });
  try {
    const instructions = changes.length > 0 ? { changes: changes.join('\n') } : {};
    const named = { repo: 'longshore-test/suite', tag: randomUUID(), ...instructions };
    const { Id }: { Id: string } = await container.commit(named);
    return Id;
  } finally {
    await container.remove();
  }
}
