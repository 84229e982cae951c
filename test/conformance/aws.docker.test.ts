import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import { attachCases } from './attach-cases.ts';
import { type AwsHarness, makeAwsHarness } from './aws-harness.ts';
import { capabilitiesOf, whenThere } from './capabilities.ts';
import { execCases } from './exec-cases.ts';
import { fileCases } from './file-cases.ts';
import { createWorld, type World } from './harness.ts';
import { imageCases } from './image-cases.ts';
import { imageMakingCases } from './image-making-cases.ts';
import { liveCases } from './live-cases.ts';
import { logCases } from './log-cases.ts';
import { networkCases } from './network-cases.ts';
import { ownershipCases } from './ownership-cases.ts';
import { runCases } from './run-cases.ts';
import { volumeCases } from './volume-cases.ts';

/** Those that a provider without them would have to say so for: docs/aws.md. */
const capabilities = [
  ...['watch', 'settings', 'attach', 'exec', 'pause', 'unpause', 'top', 'stats', 'archive', 'export'],
  ...['images.save', 'images.load', 'images.build', 'images.pushAccess', 'images.pushed', 'logs that go on'],
];

describe('the aws provider', () => {
  let harness: AwsHarness;
  let world: World;
  const getWorld = () => world;
  const when = whenThere(capabilities, true);
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
    expect(capabilitiesOf(provider)).toEqual([...capabilities].sort());
    expect(provider.features).toMatchObject({ restartInPlace: false, logsGoOn: true, mountTypes: ['volume'] });
    expect(provider.features.lacks).toEqual([
      'separate log streams',
      'addresses per network',
      'sizes of volumes',
      'chosen ports',
      'input',
      'files at rest',
      'refused commands',
    ]);
  });

  describe('runs', () => runCases(getWorld, when));
  describe('logs', () => logCases(getWorld, when));
  describe('live runs', () => liveCases(getWorld, when));
  describe('exec', () => execCases(getWorld, when));
  describe('attach', () => attachCases(getWorld, when));
  describe('files', () => fileCases(getWorld, when));
  describe('making images', () => imageMakingCases(getWorld, when));
  describe('images', () => imageCases(getWorld));
  describe('networks', () => networkCases(getWorld, when));
  describe('volumes', () => volumeCases(getWorld, when));
  describe('ownership', () => ownershipCases(getWorld));
});
