/** What a platform team adds to its own CDK app: Longshore in a VPC that it has, with an address and alarms of its own. */
import { App, Stack } from 'aws-cdk-lib';
import { Vpc } from 'aws-cdk-lib/aws-ec2';
import { Longshore } from '../constructs/longshore.ts';

export function addLongshore(app: App, bundles?: string): Longshore {
  const vpc = new Vpc(new Stack(app, 'PlatformNetwork'), 'Vpc', { maxAzs: 2 });
  return new Longshore(app, 'Longshore', {
    stage: 'platform',
    vpc,
    alarmEmail: 'platform@example.com',
    registries: ['ghcr.io', 'registry.example.com:5000'],
    api: { ingress: ['198.51.100.0/24'], firewall: {} },
    environment: { LONGSHORE_QUOTA_CONTAINERS: '50' },
    ...(bundles !== undefined && { bundles }),
  });
}

if (import.meta.main) addLongshore(new App());
