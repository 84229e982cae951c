import { makeDockerHarness } from './docker-harness.ts';
import { describeProvider, everything } from './provider-suite.ts';

describeProvider('docker', makeDockerHarness, {
  realKernel: true,
  capabilities: [...everything, 'warnings', 'hostPath', 'images.pruneBuilds'],
});
