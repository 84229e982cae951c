/** The Engine of this test run, for files that end in `.docker.test.ts`. */
import Docker from 'dockerode';
import { inject } from 'vitest';

/** The DOCKER_HOST of the Engine. Other runs may share it: look only at what the test itself made. */
export function testDockerHost(): string {
  return inject('dockerHost');
}

/** A client for that host, whatever DOCKER_HOST the environment names. */
export function openDocker(dockerHost: string): Docker {
  if (dockerHost.startsWith('unix://')) return new Docker({ socketPath: dockerHost.slice('unix://'.length) });
  const { hostname, port } = new URL(dockerHost);
  return new Docker({ host: hostname, port: Number(port || 2375), protocol: 'http' });
}

/** This machine's address for containers of the Engine: the first one of the network that every Engine has. */
export async function hostAddress(docker: Docker): Promise<string> {
  const { IPAM } = await docker.getNetwork('bridge').inspect();
  const { Gateway, Subnet = '' } = IPAM?.Config?.[0] ?? {};
  return Gateway ?? Subnet.replace(/\d+\/\d+$/, '1');
}
