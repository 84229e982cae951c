import { makeDockerHarness } from './docker-harness.ts';
import { describeProvider } from './provider-suite.ts';

describeProvider('docker', makeDockerHarness, { realKernel: true });
