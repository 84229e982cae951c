/** Which networks a run is on: it has an address on each while it is up. */

import { AppError } from '../../domain/errors.ts';
import type { Endpoint } from '../../domain/network.ts';
import type { EndpointInput, RunRef } from '../provider.ts';
import { change, findRun, getRun, isUp, type MemoryRun, type MemoryWorld } from './world.ts';

/** Throws not_found. */
export function connectRun(world: MemoryWorld, ref: RunRef, network: EndpointInput): void {
  const run = getRun(world, ref);
  if (!world.networks.has(network.key)) throw new AppError('not_found', 'The network is gone at the provider.');
  if (run.seen.networks?.[network.key]) return;
  const endpoint = isUp(run) ? liveEndpoint(world, network.aliases) : idleEndpoint(network.aliases);
  setNetworks(world, run, { ...run.seen.networks, [network.key]: endpoint });
}

export function disconnectRun(world: MemoryWorld, ref: RunRef, key: string): void {
  const run = findRun(world, ref);
  if (!run?.seen.networks?.[key]) return;
  const { [key]: _gone, ...others } = run.seen.networks;
  setNetworks(world, run, others);
}

function setNetworks(world: MemoryWorld, run: MemoryRun, networks: Record<string, Endpoint>): void {
  change(world, run, { networks, address: firstAddress(networks) });
}

export function idleEndpoints(networks: { key: string; aliases: string[] }[]): Record<string, Endpoint> {
  return Object.fromEntries(networks.map(({ key, aliases }) => [key, idleEndpoint(aliases)]));
}

/** The run's networks while it is up. */
export function liveEndpoints(world: MemoryWorld, run: MemoryRun): Record<string, Endpoint> {
  return mapped(run, ({ aliases }) => liveEndpoint(world, aliases));
}

/** The run's networks once it has ended. */
export function endedEndpoints(run: MemoryRun): Record<string, Endpoint> {
  return mapped(run, ({ aliases }) => idleEndpoint(aliases));
}

const mapped = ({ seen }: MemoryRun, change: (endpoint: Endpoint) => Endpoint): Record<string, Endpoint> =>
  Object.fromEntries(Object.entries(seen.networks ?? {}).map(([key, endpoint]) => [key, change(endpoint)]));

const idleEndpoint = (aliases: string[]): Endpoint => ({
  address: null,
  prefixLength: null,
  gateway: null,
  mac: null,
  aliases,
});

function liveEndpoint(world: MemoryWorld, aliases: string[]): Endpoint {
  world.counter += 1;
  const low = [(world.counter >> 16) & 255, (world.counter >> 8) & 255, world.counter & 255];
  const hex = low.map((byte) => byte.toString(16).padStart(2, '0')).join(':');
  return { address: `10.${low.join('.')}`, prefixLength: 8, gateway: '10.0.0.1', mac: `02:42:0a:${hex}`, aliases };
}

export const firstAddress = (networks: Record<string, Endpoint>): string | null =>
  Object.values(networks).find(({ address }) => address !== null)?.address ?? null;
