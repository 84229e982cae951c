/** ECS on Fargate and the services around it as a provider: puts the parts of this folder together. */
import { ListClustersCommand } from '@aws-sdk/client-ecs';
import type { Clock, Ids } from '../../domain/clock.ts';
import { AppError } from '../../domain/errors.ts';
import type { Provider } from '../provider.ts';
import { createClients } from './clients.ts';
import { imagesOf } from './images/images.ts';
import type { AwsSettings } from './settings.ts';
import { ask, type Site } from './site.ts';
import { createThrottle } from './throttle.ts';

export interface AwsOptions {
  settings: AwsSettings;
  /** Marks what is ours in an account that others use too. */
  installId: string;
  clock: Clock;
  ids: Ids;
  log?: Site['log'];
}

const pending = async (): Promise<never> => {
  throw new AppError('unsupported', 'Containers cannot run on AWS yet');
};

export function createAwsProvider({ settings, installId, clock, ids, log = () => {} }: AwsOptions): Provider {
  const clients = createClients();
  const throttle = createThrottle(clock);
  const site: Site = { settings, prefix: settings.prefix, installId, clients, clock, ids, throttle, log };
  return {
    name: 'aws',
    features: {
      restartInPlace: false,
      absenceSeconds: 300,
      mountTypes: settings.fileSystemId === null ? [] : ['volume'],
      maxMemoryMiB: 122_880,
      maxCpus: 16,
    },
    ping: async (call) => {
      const send = (http: { abortSignal: AbortSignal }) =>
        clients.ecs.send(new ListClustersCommand({ maxResults: 1 }), http);
      await ask(site, { action: 'ecs:ListClusters', subject: { noun: 'account' }, send }, call);
    },
    create: pending,
    start: pending,
    observe: pending,
    stop: pending,
    kill: pending,
    destroy: pending,
    listOwned: pending,
    discard: pending,
    // biome-ignore lint/correctness/useYield: it refuses before anything could be told
    logs: async function* () {
      await pending();
    },
    images: imagesOf(site),
    networks: { ensure: pending, remove: pending },
    volumes: { ensure: pending, remove: pending, sizes: pending },
  };
}
