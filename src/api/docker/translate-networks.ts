/** NetworkMode and NetworkingConfig to a spec's networks. Pure. */
import { DEFAULT_NETWORK } from '../../domain/network.ts';
import { refuse } from './check-fields.ts';
import type { CreateBody } from './create-body.ts';

/** The names by which clients call the network that a container is on when nothing is said. */
const defaultNames = new Set(['default', 'bridge', '']);

/** A tenant has one default network, which the Engine API knows as `bridge`. */
const networkReference = (name: string): string => (defaultNames.has(name) ? DEFAULT_NETWORK : name);

/** As in the Engine, endpoints say which networks they are, and NetworkMode which of them comes first, or the only one. */
export function networksOf(body: CreateBody) {
  const mode = body.HostConfig.NetworkMode;
  checkMode(mode);
  const endpoints = Object.entries(body.NetworkingConfig.EndpointsConfig);
  for (const [name] of endpoints) checkMode(name);
  if (body.NetworkDisabled || mode === 'none') {
    if (endpoints.some(([name]) => name !== 'none' && !defaultNames.has(name))) {
      throw refuse('invalid', 'HostConfig.NetworkMode', 'is none, and goes without networks');
    }
    return { noNetwork: true };
  }
  const first = networkReference(mode);
  const networks = new Map(
    (endpoints.length > 0 ? endpoints : [[mode, null] as const]).map(([name, endpoint]) => [
      networkReference(name),
      endpoint?.Aliases ?? [],
    ]),
  );
  const ordered = [...networks].sort(([a], [b]) => Number(b === first) - Number(a === first));
  const plain = ordered.length === 1 && ordered[0]?.[0] === DEFAULT_NETWORK && ordered[0][1].length === 0;
  return { networks: plain ? [] : ordered.map(([name, aliases]) => ({ name, aliases })) };
}

function checkMode(mode: string): void {
  if (mode === 'host') {
    throw refuse(
      'forbidden',
      'HostConfig.NetworkMode',
      'is refused: a container has a network of its own. Publish the ports that it listens on',
    );
  }
  if (mode.startsWith('container:')) {
    throw refuse(
      'forbidden',
      'HostConfig.NetworkMode',
      'is refused: containers do not share one network interface. Put both on one network: each finds the other by name',
    );
  }
}
