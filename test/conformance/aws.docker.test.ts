import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import { type AwsHarness, makeAwsHarness } from './aws-harness.ts';
import { execCases } from './exec-cases.ts';
import { createWorld, type World } from './harness.ts';
import { imageCases } from './image-cases.ts';
import { liveCases } from './live-cases.ts';
import { logCases } from './log-cases.ts';
import { networkCases } from './network-cases.ts';
import { ownershipCases } from './ownership-cases.ts';
import { runCases } from './run-cases.ts';
import { volumeCases } from './volume-cases.ts';

describe('the aws provider', () => {
  let harness: AwsHarness;
  let world: World;
  const getWorld = () => world;
  beforeAll(async () => {
    harness = await makeAwsHarness();
    world = createWorld(harness);
  });
  afterEach(() => world.cleanUp(), 60_000);
  afterAll(async () => {
    const { failures, violations } = harness.fake;
    await harness.close();
    expect({ failures, violations }).toEqual({ failures: [], violations: [] });
  });

  test('what the provider can do does not vanish, and what it lacks is known', () => {
    const { provider } = harness;
    expect(Object.keys(provider)).toEqual(expect.arrayContaining(['watch', 'exec', 'pause', 'unpause', 'top']));
    expect(provider.features).toMatchObject({ restartInPlace: false, logsGoOn: true, mountTypes: ['volume'] });
    expect(provider.features.lacks).toEqual([
      'separate log streams',
      'addresses per network',
      'sizes of volumes',
      'chosen ports',
      'refused commands',
    ]);
  });

  describe('runs', () => runCases(getWorld, test));
  describe('logs', () => logCases(getWorld));
  describe('live runs', () => liveCases(getWorld));
  describe('exec', () => execCases(getWorld, test));
  describe('images', () => imageCases(getWorld));
  describe('networks', () => networkCases(getWorld, test));
  describe('volumes', () => volumeCases(getWorld, test));
  describe('ownership', () => ownershipCases(getWorld));
});
