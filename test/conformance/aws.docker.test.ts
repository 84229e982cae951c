import { makeAwsHarness } from './aws-harness.ts';
import { describeProvider } from './provider-suite.ts';

describeProvider('aws', makeAwsHarness, {
  realKernel: true,
  // Those that a provider without them would have to say so for: docs/aws.md.
  capabilities: [
    ...['watch', 'events', 'settings', 'attach', 'pause', 'unpause', 'top', 'stats', 'archive', 'export'],
    ...['exec', 'execAccess', 'resumeExec'],
    ...['images.save', 'images.load', 'images.build', 'images.pushAccess', 'images.pushed', 'logs that go on'],
  ],
  lacks: [
    'separate log streams',
    'addresses per network',
    'sizes of volumes',
    'chosen ports',
    'input',
    'files at rest',
    'refused commands',
  ],
  features: { restartInPlace: false, logsGoOn: true, mountTypes: ['volume'] },
});
