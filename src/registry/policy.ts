/**
 * Which registries tenants may use: docker.io, and what the operator listed. The provider resolves the name once more
 * when it pulls, and may be sent elsewhere by the registry itself: listing a host, or "*", is the operator's trust in it.
 */
import { lookup } from 'node:dns/promises';
import ipaddr from 'ipaddr.js';
import { AppError } from '../domain/errors.ts';
import type { RegistryPolicy } from '../domain/registry-policy.ts';

/** Every address of a host name. */
export type Resolve = (host: string) => Promise<string[]>;

const resolveHost: Resolve = async (host) => (await lookup(host, { all: true })).map(({ address }) => address);

/**
 * Throws forbidden when the operator does not allow the registry, unavailable when its name does not resolve.
 * @param domain host with or without port, as in an image reference
 */
export async function checkRegistry(
  policy: RegistryPolicy,
  domain: string,
  resolve: Resolve = resolveHost,
): Promise<void> {
  const registry = domain.toLowerCase();
  if (registry === 'docker.io' || policy.hosts.some((listed) => listed.toLowerCase() === registry)) return;
  const host = hostOf(registry);
  // Only these spellings: with any other of the same address the provider's own rule for plain HTTP would not hold.
  if (policy.loopback && (host === 'localhost' || host === '127.0.0.1')) return;
  if (!policy.hosts.includes('*')) {
    const allowed = ['docker.io', ...policy.hosts].join(', ');
    throw new AppError('forbidden', `The registry ${registry} may not be used here; allowed are ${allowed}`);
  }
  const addresses = ipaddr.isValid(host) ? [host] : await addressesOf(registry, host, resolve);
  if (!addresses.every(isPublic)) {
    throw new AppError('forbidden', `The registry ${registry} may not be used here: it is not a public address`);
  }
}

export interface RegistryAddress {
  /** Plain HTTP is for the loopback address alone. */
  protocol: 'http:' | 'https:';
  /** Of the name, each checked; to be connected to, and no others. */
  addresses: string[];
}

/**
 * Where to connect for a host that a registry of this policy is on, or that one sends its clients to for a token. Resolved once.
 * Throws forbidden where one of the addresses is not public, unless the operator listed the host; unavailable.
 */
export async function registryAddress(
  policy: RegistryPolicy,
  host: string,
  resolve: Resolve = resolveHost,
): Promise<RegistryAddress> {
  const name = hostOf(host.toLowerCase());
  const isLoopback = policy.loopback && (name === 'localhost' || name === '127.0.0.1');
  if (isLoopback) return { protocol: 'http:', addresses: ['127.0.0.1'] };
  const addresses = ipaddr.isValid(name) ? [name] : await addressesOf(host, name, resolve);
  const isListed = policy.hosts.some((listed) => listed.toLowerCase() === host.toLowerCase());
  if (!isListed && !addresses.every(isPublic)) {
    throw new AppError('forbidden', `${host} is not a public address`);
  }
  return { protocol: 'https:', addresses };
}

/** Without port, brackets and the dot that ends a rooted name. */
function hostOf(registry: string): string {
  return registry
    .replace(/:\d+$/, '')
    .replace(/^\[(.*)\]$/, '$1')
    .replace(/\.+$/, '');
}

async function addressesOf(registry: string, host: string, resolve: Resolve): Promise<string[]> {
  try {
    const addresses = await resolve(host);
    if (addresses.length > 0) return addresses;
  } catch (error) {
    throw new AppError('unavailable', `The registry ${registry} cannot be found`, { cause: error });
  }
  throw new AppError('unavailable', `The registry ${registry} cannot be found`);
}

/** Global unicast. Addresses that carry an IPv4 address inside (mapped, NAT64, 6to4 …) are ranges of their own and refused. */
function isPublic(address: string): boolean {
  if (!ipaddr.isValid(address)) return false;
  const parsed = ipaddr.parse(address);
  if (parsed.range() !== 'unicast') return false;
  return parsed.kind() === 'ipv4' || parsed.match(ipaddr.parseCIDR('2000::/3'));
}
