/** From settings to the provider they name. */
import type { Logger } from 'pino';
import type { Config } from '../config.ts';
import type { Clock, Ids } from '../domain/clock.ts';
import { createDockerProvider } from './docker/docker.ts';
import { createMemoryProvider } from './memory/memory.ts';
import type { Provider } from './provider.ts';

interface ProviderSite {
  installId: string;
  clock: Clock;
  ids: Ids;
  log: Logger;
}

export function createProvider(config: Config, { log, ...site }: ProviderSite): Provider {
  switch (config.LONGSHORE_PROVIDER) {
    case 'docker':
      return createDockerProvider({
        ...site,
        dockerHost: config.DOCKER_HOST,
        publishAddress: config.LONGSHORE_PUBLISH_ADDRESS,
        log: (event, data) => log.info(data, event),
      });
    case 'memory':
      return createMemoryProvider(site);
  }
}
