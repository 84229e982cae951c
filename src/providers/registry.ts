/** From settings to the provider they name. Each takes long to load and is loaded only for who uses it. */
import type { Logger } from 'pino';
import type { Config } from '../config.ts';
import type { Clock, Ids } from '../domain/clock.ts';
import type { RequestBuckets } from '../domain/request-buckets.ts';
import type { Provider } from './provider.ts';

interface ProviderSite {
  installId: string;
  clock: Clock;
  ids: Ids;
  log: Logger;
  /** Shared by all processes of the installation. */
  buckets: RequestBuckets;
}

export async function createProvider(config: Config, { log, buckets, ...site }: ProviderSite): Promise<Provider> {
  switch (config.LONGSHORE_PROVIDER) {
    case 'docker': {
      const { createDockerProvider } = await import('./docker/docker.ts');
      return createDockerProvider({
        ...site,
        dockerHost: config.DOCKER_HOST,
        publishAddress: config.LONGSHORE_PUBLISH_ADDRESS,
        log: (event, data) => log.info(data, event),
      });
    }
    case 'aws': {
      const { createAwsProvider } = await import('./aws/aws.ts');
      return createAwsProvider({
        ...site,
        buckets,
        registries: {
          hosts: config.LONGSHORE_REGISTRIES,
          loopback: config.LONGSHORE_INSECURE_LOOPBACK_REGISTRIES,
        },
        settings: {
          prefix: config.LONGSHORE_AWS_PREFIX,
          vpcId: config.LONGSHORE_AWS_VPC,
          subnetIds: config.LONGSHORE_AWS_SUBNETS,
          publicAddresses: config.LONGSHORE_AWS_PUBLIC_ADDRESSES,
          ingressRanges: config.LONGSHORE_AWS_INGRESS,
          executionRole: config.LONGSHORE_AWS_EXECUTION_ROLE,
          taskRole: config.LONGSHORE_AWS_TASK_ROLE ?? null,
          build: config.LONGSHORE_AWS_BUILD_PROJECT
            ? { project: config.LONGSHORE_AWS_BUILD_PROJECT, role: config.LONGSHORE_AWS_BUILD_ROLE ?? null }
            : null,
          pushRole: config.LONGSHORE_AWS_PUSH_ROLE ?? null,
          bucket: config.LONGSHORE_AWS_BUCKET,
          logRetentionDays: config.LONGSHORE_AWS_LOG_RETENTION_DAYS,
          fileSystemId: config.LONGSHORE_AWS_EFS ?? null,
          spot: config.LONGSHORE_AWS_SPOT,
          namespaceId: config.LONGSHORE_AWS_NAMESPACE ?? null,
          secretPrefix: config.LONGSHORE_AWS_SECRETS ?? null,
          forwarderImage: config.LONGSHORE_AWS_FORWARDER ?? null,
          architecture: config.LONGSHORE_AWS_ARCHITECTURE,
          eventsQueue: config.LONGSHORE_AWS_EVENTS_QUEUE ?? null,
        },
        log: (event, data) => log.info(data, event),
      });
    }
    case 'memory': {
      const { createMemoryProvider } = await import('./memory/memory.ts');
      return createMemoryProvider(site);
    }
  }
}
