/**
 * An AWS account of the fake's with all that Longshore's background needs there: a queue that ECS's task state changes go to, and a
 * rule that may invoke a function every minute. Its tasks are pretended ones.
 */
import { EventBridgeClient, PutRuleCommand, PutTargetsCommand } from '@aws-sdk/client-eventbridge';
import { CreateBucketCommand, S3Client } from '@aws-sdk/client-s3';
import { CreateQueueCommand, SQSClient } from '@aws-sdk/client-sqs';
import type { Ctx, Deps } from '../../src/context.ts';
import { findInstallation } from '../../src/db/health.ts';
import { keepImage } from '../../src/db/image-changes.ts';
import { systemClock, systemIds } from '../../src/domain/clock.ts';
import { imageDetails } from '../../src/domain/image.ts';
import { systemActor } from '../../src/domain/principal.ts';
import { createClients } from '../../src/providers/aws/clients.ts';
import { writeHeld } from '../../src/providers/aws/images/held.ts';
import { createThrottle, ownBuckets } from '../../src/providers/aws/throttle.ts';
import type { FakeClock } from '../aws-fake/clock.ts';
import { defaultAccount } from '../aws-fake/front-door.ts';
import { type VirtualRuntime, virtualRuntime } from '../aws-fake/runtime/virtual.ts';
import { type AwsFake, startAwsFake } from '../aws-fake/server.ts';
import type { Site } from '../aws-fake/site.ts';
import type { Queue } from '../aws-fake/sqs/queue-store.ts';
import { awsSettings } from '../providers/aws/aws-settings.ts';

const region = 'eu-west-1';
const bucket = 'records';

export interface AwsBackground {
  fake: AwsFake;
  site: Site;
  runtime: VirtualRuntime;
  /** Of task state changes; what nobody can take is parked in the other after three tries. */
  queue: Queue;
  parked: Queue;
  queueUrl: string;
  /** What the rule `sweep` invokes. */
  sweepArn: string;
  /** Longshore's settings for it. The SDK's own are in this process's environment from now on. */
  settings: Record<string, string>;
  /** An image `app` of the tenant's. */
  giveImage(deps: Deps, ctx: Ctx): Promise<void>;
}

/** @param clock real time, unless a test brings one that it moves */
export async function openAwsBackground(clock?: FakeClock): Promise<AwsBackground> {
  const runtime = virtualRuntime();
  const fake = await startAwsFake({ runtime, ...(clock && { clock }) });
  const { accessKeyId, secretAccessKey } = fake.addUser();
  Object.assign(process.env, {
    AWS_REGION: region,
    AWS_ENDPOINT_URL: fake.url,
    AWS_ACCESS_KEY_ID: accessKeyId,
    AWS_SECRET_ACCESS_KEY: secretAccessKey,
  });
  const site = fake.site(defaultAccount, region);
  await new S3Client({}).send(new CreateBucketCommand({ Bucket: bucket }));
  const sqs = new SQSClient({});
  await sqs.send(new CreateQueueCommand({ QueueName: 'parked' }));
  const parked = site.queues.find('parked');
  const RedrivePolicy = JSON.stringify({ deadLetterTargetArn: parked.arn, maxReceiveCount: 3 });
  const Attributes = { RedrivePolicy, VisibilityTimeout: '1' };
  const { QueueUrl: queueUrl = '' } = await sqs.send(new CreateQueueCommand({ QueueName: 'task-events', Attributes }));
  const queue = site.queues.find('task-events');
  const sweepArn = site.arn('lambda', 'function:sweep');
  const events = new EventBridgeClient({});
  const EventPattern = JSON.stringify({ source: ['aws.ecs'], 'detail-type': ['ECS Task State Change'] });
  await events.send(new PutRuleCommand({ Name: 'tasks', EventPattern }));
  await events.send(new PutTargetsCommand({ Rule: 'tasks', Targets: [{ Id: 'queue', Arn: queue.arn }] }));
  await events.send(new PutRuleCommand({ Name: 'sweep', ScheduleExpression: 'rate(1 minute)' }));
  await events.send(new PutTargetsCommand({ Rule: 'sweep', Targets: [{ Id: 'sweep', Arn: sweepArn }] }));
  const settings = {
    LONGSHORE_PROVIDER: 'aws',
    LONGSHORE_LOG_LEVEL: 'silent',
    LONGSHORE_AWS_VPC: site.ec2.vpc.VpcId,
    LONGSHORE_AWS_SUBNETS: [...site.ec2.subnets.keys()].join(','),
    LONGSHORE_AWS_EXECUTION_ROLE: `arn:aws:iam::${defaultAccount}:role/execution`,
    LONGSHORE_AWS_BUCKET: bucket,
  };
  return { fake, site, runtime, queue, parked, queueUrl, sweepArn, settings, giveImage };
}

const config = {
  ...{ entrypoint: null, command: ['serve'], env: [], workdir: '', user: '', labels: {}, exposedPorts: [] },
  ...{ volumes: [], stopSignal: null, healthcheck: null, shell: null, onBuild: [] },
};
const details = imageDetails.parse({
  ...{ id: `sha256:${'a'.repeat(64)}`, digest: null, os: 'linux', architecture: 'amd64', sizeBytes: 1 },
  ...{ createdAt: '', author: '', comment: '', config, layers: [], history: [] },
});

/** As if it had been pulled, of which these tests are not about. */
async function giveImage({ db }: Deps, { principal: { tenantId } }: Ctx): Promise<void> {
  const settings = awsSettings({ bucket });
  const { id: installId } = await findInstallation(db);
  const access = { settings, prefix: settings.prefix, installId, clients: createClients(), log: () => {} };
  const throttle = createThrottle(systemClock, ownBuckets(systemClock));
  const site = { ...access, clock: systemClock, ids: systemIds, throttle };
  await writeHeld(site, { uri: 'example.org/app:1', details }, tenantId, { signal: AbortSignal.timeout(10_000) });
  const tag = { repository: 'app', tag: 'latest' };
  await keepImage(db, { tenantId, details, repoDigests: [], tag, name: 'app', event: 'pulled', actor: systemActor });
}
