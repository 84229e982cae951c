/**
 * The contract of providers/provider.ts as tests, one suite for every provider. Cases are left out by capability (an optional
 * member, a feature, a kernel behind it), never by the provider's name.
 */
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import type { Features, Lack } from '../../src/providers/provider.ts';
import { attachCases } from './attach-cases.ts';
import { capabilitiesOf, whenThere } from './capabilities.ts';
import { commitCases } from './commit-cases.ts';
import { execCases } from './exec-cases.ts';
import { fileCases } from './file-cases.ts';
import { createWorld, type Harness, type World } from './harness.ts';
import { imageCases } from './image-cases.ts';
import { imageMakingCases } from './image-making-cases.ts';
import { liveCases } from './live-cases.ts';
import { logCases } from './log-cases.ts';
import { networkCases } from './network-cases.ts';
import { ownershipCases } from './ownership-cases.ts';
import { runCases } from './run-cases.ts';
import { volumeCases } from './volume-cases.ts';

/** Optional members of the port that every provider but the youngest has. */
export const everything = [
  ...['pause', 'unpause', 'rename', 'attach', 'resize', 'exec', 'stats', 'top', 'archive', 'changes', 'export'],
  ...['commit', 'update', 'sizes', 'watch', 'images.save', 'images.load', 'images.build'],
  ...['networks.connect', 'networks.disconnect', 'hostnames'],
];

interface Expected {
  realKernel: boolean;
  /** All of them, and no others. */
  capabilities: readonly string[];
  lacks?: readonly Lack[];
  features?: Partial<Features>;
}

/** `make` is called once; the suite closes what it made. */
export function describeProvider(
  name: string,
  make: () => Promise<Harness>,
  { realKernel, capabilities, lacks = [], features = {} }: Expected,
): void {
  const when = whenThere(capabilities, realKernel);
  describe(`the ${name} provider`, () => {
    let world: World | undefined;
    const getWorld = (): World => {
      if (!world) throw new Error('the harness was not made');
      return world;
    };
    beforeAll(async () => {
      world = createWorld(await make());
    }, 120_000);
    afterEach(() => world?.cleanUp(), 60_000);
    afterAll(() => world?.harness.close(), 60_000);

    test('no capability has vanished, and none is lacking that was there', () => {
      const { provider } = getWorld();
      expect(capabilitiesOf(provider)).toEqual([...capabilities].sort());
      expect(provider.features.lacks ?? []).toEqual(lacks);
      expect(provider.features).toMatchObject(features);
    });

    describe('runs', () => runCases(getWorld, when));
    describe('logs', () => logCases(getWorld, when));
    describe('live runs', () => liveCases(getWorld, when));
    describe('exec', () => execCases(getWorld, when));
    describe('attach', () => attachCases(getWorld, when));
    describe('files', () => fileCases(getWorld, when));
    // A suite without a case is an error of its own.
    if (capabilities.includes('commit')) describe('commits and updates', () => commitCases(getWorld, when));
    describe('images', () => imageCases(getWorld));
    describe('making images', () => imageMakingCases(getWorld, when));
    describe('networks', () => networkCases(getWorld, when));
    describe('volumes', () => volumeCases(getWorld, when));
    describe('ownership', () => ownershipCases(getWorld));
  });
}
