/** What an operator says who has set up as little as there is to be. */
import type { AwsSettings } from '../../../src/providers/aws/settings.ts';

export const awsSettings = (more: Partial<AwsSettings> = {}): AwsSettings => ({
  ...{ prefix: 'longshore', vpcId: 'vpc-1', subnetIds: [], publicAddresses: false, ingressRanges: [] },
  ...{ executionRole: '', taskRole: null, pushRole: null, build: null, bucket: 'bucket', logRetentionDays: 30 },
  ...{ fileSystemId: null, namespaceId: null, secretPrefix: null, forwarderImage: null, spot: false },
  ...{ architecture: 'amd64', eventsQueue: null },
  ...more,
});
