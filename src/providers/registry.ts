/** From settings to the provider they name. */
import type { Config } from '../config.ts';
import type { Clock, Ids } from '../domain/clock.ts';
import { createDockerProvider } from './docker/docker.ts';
import { createMemoryProvider } from './memory/memory.ts';
import type { Provider } from './provider.ts';

export function createProvider(config: Config, site: { installId: string; clock: Clock; ids: Ids }): Provider {
  switch (config.LONGSHORE_PROVIDER) {
    case 'docker':
      return createDockerProvider({
        ...site,
        dockerHost: config.DOCKER_HOST,
        publishAddress: config.LONGSHORE_PUBLISH_ADDRESS,
      });
    case 'memory':
      return createMemoryProvider(site);
  }
}
