/**
 * Which cases there are for a provider: a case is registered where the provider has all that it needs, and is no part of the
 * suite elsewhere. What a provider has is declared with its suite, which fails unless the two agree, so that none can vanish.
 */
import { test } from 'vitest';
import { containerSpec } from '../../src/domain/container-spec.ts';
import type { Provider } from '../../src/providers/provider.ts';

const required = new Set<string>([
  ...['name', 'features', 'ping', 'create', 'start', 'observe', 'stop', 'kill', 'destroy', 'listOwned', 'discard'],
  ...['logs', 'images', 'networks', 'volumes'],
  ...['images.pull', 'images.inspect', 'images.hold', 'images.release', 'networks.ensure', 'networks.remove'],
]);

/** Optional members of the port, and what else a case may need, in the words that cases and suites use. */
export function capabilitiesOf(provider: Provider): string[] {
  const members = [
    ...Object.keys(provider),
    ...Object.keys(provider.images).map((name) => `images.${name}`),
    ...Object.keys(provider.networks).map((name) => `networks.${name}`),
  ];
  const named = containerSpec.parse({ image: 'suite', hostname: 'front.shop' });
  return [
    ...members.filter((name) => !required.has(name)),
    ...(provider.features.logsGoOn ? ['logs that go on'] : []),
    ...(provider.features.refusalOf?.(named) ? [] : ['hostnames']),
  ].sort();
}

/** `kernel`: processes are real ones. */
export type When = (...needs: string[]) => typeof test;

const absent: typeof test = Object.assign((() => {}) as unknown as typeof test, { for: () => () => {} });

export const whenThere =
  (capabilities: readonly string[], realKernel: boolean): When =>
  (...needs) =>
    needs.every((need) => (need === 'kernel' ? realKernel : capabilities.includes(need))) ? test : absent;
