/** Tenants' networks: one bridge each. The Engine lets two networks share a name, so that ensure has to settle on one. */
import { z } from 'zod';
import { AppError, hasCode, unless } from '../../domain/errors.ts';
import type { CallOptions, EndpointInput, NetworkRef, Provider } from '../provider.ts';
import { type EngineRequest, type Site, safeName } from './client.ts';
import { carriesMark, markLabels } from './labels.ts';
import { aliases } from './to-docker.ts';

const listed = z.array(
  z.object({
    Id: z.string(),
    Name: z.string(),
    Created: z.string(),
    Labels: z.record(z.string(), z.string()).nullish(),
  }),
);
type Listed = z.infer<typeof listed>[number];

const subject = { noun: 'network' } as const;

export function networksOf(site: Site): Provider['networks'] {
  /** Calls for one network share one answer: a tenant's first containers often come together. */
  const ensuring = new Map<string, Promise<void>>();
  return {
    ensure: (network, options) => {
      const { key } = network;
      if (site.knownNetworks.get(key) === network.tenantId) return Promise.resolve();
      const ensured =
        ensuring.get(key) ??
        ensure(site, network, options)
          .then(() => void site.knownNetworks.set(key, network.tenantId))
          .finally(() => ensuring.delete(key));
      ensuring.set(key, ensured);
      return ensured;
    },
    remove: async (network, options) => {
      site.knownNetworks.delete(network.key);
      await removeNetwork(site, network.key, options);
    },
    connect: (run, endpoint, options) => connect(site, run.key, endpoint, options),
    disconnect: (run, { key }, options) => disconnect(site, key, run.key, options),
  };
}

async function ensure(site: Site, network: NetworkRef, options: CallOptions): Promise<void> {
  const found = await named(site, network, options);
  if (found.length === 1) return;
  if (found.length > 1) return settleOnOne(site, found, options);
  const body = {
    Name: safeName(network.key),
    CheckDuplicate: true,
    Driver: 'bridge',
    Internal: network.internal,
    ...(network.ipam && {
      IPAM: {
        Driver: 'default',
        Config: [{ Subnet: network.ipam.subnet, Gateway: network.ipam.gateway ?? undefined }],
      },
    }),
    Labels: markLabels({ installId: site.installId, tenantId: network.tenantId }),
  };
  const request: EngineRequest = { method: 'POST', path: '/networks/create', body, subject };
  // No room may mean that somebody else just made it with these addresses.
  const refused = await site.engine.call(request, options).then(
    () => null,
    (error: unknown) => {
      if (hasCode(error, 'conflict', 'limit')) return error;
      throw error;
    },
  );
  const present = await named(site, network, options);
  if (present.length === 0 && hasCode(refused, 'limit')) throw refused;
  await settleOnOne(site, present, options);
}

/**
 * Two workers at once, or one that died before it looked, made more than one: the Engine attaches nothing to a name that two
 * networks have. The youngest go first, so that all who come here leave the same one, unless something is attached to it.
 */
async function settleOnOne(site: Site, found: Listed[], options: CallOptions): Promise<void> {
  let spare = found.length - 1;
  for (const { Id, Name } of found.toReversed()) {
    if (spare === 0) return;
    site.log('network made twice', { key: Name });
    const request = { method: 'DELETE', path: `/networks/${safeName(Id)}`, subject } as const;
    const removed = site.engine.call(request, options).then(() => true);
    if (await unless(unless(removed, ['not_found'], true), ['conflict'], false)) spare -= 1;
  }
}

/** Oldest first. Throws conflict where something that is not this network has its name. */
async function named(site: Site, network: NetworkRef, options: CallOptions): Promise<Listed[]> {
  const query = { filters: JSON.stringify({ name: [network.key] }) };
  const found = await site.engine.ask({ method: 'GET', path: '/networks', query, subject }, listed, options);
  const same = found.filter(({ Name }) => Name === network.key);
  const mark = { installId: site.installId, tenantId: network.tenantId };
  if (!same.every(({ Labels }) => carriesMark(Labels, mark))) {
    throw new AppError('conflict', 'The name of the network is taken at the Docker Engine');
  }
  return same.sort((a, b) => a.Created.localeCompare(b.Created) || a.Id.localeCompare(b.Id));
}

const inspected = z.object({ Containers: z.record(z.string(), z.unknown()).nullish() });

/** An endpoint that goes is taken off the Engine's count a moment after it is taken away. */
const recounts = 4;
const recountMs = 250;

/**
 * Done when it is gone already. Throws conflict while something is attached. Of many that come and go at once the Engine
 * counts one too many now and then (libnetwork's `endpoint_cnt`), and then keeps a network that has no endpoint until it is
 * restarted and counts anew: that is done as well, and the sweeper finds what has stayed.
 */
export async function removeNetwork(site: Site, key: string, options: CallOptions): Promise<void> {
  const path = `/networks/${safeName(key)}`;
  for (let left = recounts; ; left--) {
    try {
      return await unless(site.engine.call({ method: 'DELETE', path, subject }, options), ['not_found'], undefined);
    } catch (error) {
      if (!hasCode(error, 'conflict') || (await hasEndpoints(site, path, options))) throw error;
    }
    if (left === 0) break;
    await site.clock.sleep(recountMs, options.signal);
  }
  site.log('network kept by a wrong count of endpoints until the Engine is restarted', { key });
}

async function hasEndpoints(site: Site, path: string, options: CallOptions): Promise<boolean> {
  const seen = site.engine.ask({ method: 'GET', path, subject }, inspected, options);
  const network = await unless(seen, ['not_found'], null);
  return Object.keys(network?.Containers ?? {}).length > 0;
}

/** Attaches a run that exists. Done when it is attached already. */
export async function connect(site: Site, run: string, endpoint: EndpointInput, options: CallOptions): Promise<void> {
  const names = aliases(endpoint, endpoint.aliases);
  const request: EngineRequest = {
    method: 'POST',
    path: `/networks/${safeName(endpoint.key)}/connect`,
    body: { Container: safeName(run), EndpointConfig: { Aliases: names } },
    subject,
  };
  // 403: an endpoint of this container is there already. 400: it is on the Engine's network `none`, which suffers no other.
  const call = () => unless(site.engine.call(request, options), ['forbidden'], undefined);
  try {
    await call();
  } catch (error) {
    if (hasCode(error, 'not_found')) site.knownNetworks.clear();
    if (!hasCode(error, 'invalid')) throw error;
    await disconnect(site, 'none', run, options);
    await call();
  }
}

/** Detaches a run, running or not. Done when it is not attached. */
export async function disconnect(site: Site, key: string, run: string, options: CallOptions): Promise<void> {
  const request: EngineRequest = {
    method: 'POST',
    path: `/networks/${safeName(key)}/disconnect`,
    body: { Container: safeName(run), Force: false },
    subject: { noun: 'attachment' },
  };
  await unless(site.engine.call(request, options), ['not_found'], undefined);
}
