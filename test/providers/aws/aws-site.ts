/** What parts of the AWS provider share, pointed at the fake by the variables of the SDK. */
import { systemClock, systemIds } from '../../../src/domain/clock.ts';
import { createClients } from '../../../src/providers/aws/clients.ts';
import { createTaskReader } from '../../../src/providers/aws/runs/tasks.ts';
import type { AwsSettings } from '../../../src/providers/aws/settings.ts';
import type { Site } from '../../../src/providers/aws/site.ts';
import { createThrottle, ownBuckets } from '../../../src/providers/aws/throttle.ts';
import type { AwsFake } from '../../aws-fake/server.ts';
import { awsSettings } from './aws-settings.ts';

export interface TestSite extends Site {
  /** What it told the log. */
  told: { event: string; data: Record<string, unknown> }[];
}

export function awsSite(fake: AwsFake, region: string, settings: Partial<AwsSettings> = {}): TestSite {
  const { accessKeyId, secretAccessKey } = fake.addUser();
  Object.assign(process.env, {
    AWS_REGION: region,
    AWS_ENDPOINT_URL: fake.url,
    AWS_ACCESS_KEY_ID: accessKeyId,
    AWS_SECRET_ACCESS_KEY: secretAccessKey,
  });
  const told: TestSite['told'] = [];
  const access = {
    prefix: 'longshore',
    installId: systemIds.uuid(),
    settings: awsSettings({ logRetentionDays: 1, ...settings }),
    clients: createClients(),
    clock: systemClock,
    ids: systemIds,
    throttle: createThrottle(systemClock, ownBuckets(systemClock)),
    log: (event: string, data: Record<string, unknown>) => void told.push({ event, data }),
  };
  return { ...access, tasks: createTaskReader(access), told };
}
