/** The AWS provider against the fake AWS, whose tasks are containers of this test run's Engine. */
import { randomUUID } from 'node:crypto';
import { CreateRepositoryCommand, ECRClient, GetAuthorizationTokenCommand } from '@aws-sdk/client-ecr';
import { CreateFileSystemCommand, EFSClient } from '@aws-sdk/client-efs';
import { CreateBucketCommand, S3Client } from '@aws-sdk/client-s3';
import { systemClock, systemIds } from '../../src/domain/clock.ts';
import { createAwsProvider } from '../../src/providers/aws/aws.ts';
import { createClients } from '../../src/providers/aws/clients.ts';
import { writeHeld } from '../../src/providers/aws/images/held.ts';
import type { AwsSettings } from '../../src/providers/aws/settings.ts';
import { createThrottle } from '../../src/providers/aws/throttle.ts';
import { createDockerProvider } from '../../src/providers/docker/docker.ts';
import { defaultAccount } from '../aws-fake/front-door.ts';
import { engineRuntime } from '../aws-fake/runtime/engine.ts';
import { type AwsFake, startAwsFake } from '../aws-fake/server.ts';
import { busyboxImage, pushImage } from '../support/base-images.ts';
import { openDocker, testDockerHost } from '../support/engine.ts';
import { type Harness, within } from './harness.ts';

const region = 'eu-west-1';

export interface AwsHarness extends Harness {
  fake: AwsFake;
}

export async function makeAwsHarness(): Promise<AwsHarness> {
  const docker = openDocker(testDockerHost());
  const fake = await startAwsFake({ runtime: engineRuntime({ docker, pauseImage: busyboxImage }) });
  const credentials = fake.addUser();
  process.env.AWS_ENDPOINT_URL = fake.url;
  process.env.AWS_REGION = region;
  process.env.AWS_ACCESS_KEY_ID = credentials.accessKeyId;
  process.env.AWS_SECRET_ACCESS_KEY = credentials.secretAccessKey;

  const [bucket, prefix, installId] = ['records', 'longshore', randomUUID()];
  await new S3Client({}).send(new CreateBucketCommand({ Bucket: bucket }));
  const { FileSystemId: fileSystemId = '' } = await new EFSClient({}).send(
    new CreateFileSystemCommand({ CreationToken: 'volumes' }),
  );
  const site = fake.site(defaultAccount, region);
  const settings: AwsSettings = {
    prefix,
    vpcId: site.ec2.vpc.VpcId,
    subnetIds: [...site.ec2.subnets.keys()],
    publicAddresses: true,
    ingressRanges: ['0.0.0.0/0'],
    executionRole: `arn:aws:iam::${defaultAccount}:role/{tenant}/execution`,
    taskRole: `arn:aws:iam::${defaultAccount}:role/{tenant}/task`,
    bucket,
    logRetentionDays: 30,
    fileSystemId,
    spot: false,
    architecture: 'amd64',
  };
  const provider = createAwsProvider({ settings, installId, clock: systemClock, ids: systemIds });
  const tenants = [randomUUID(), randomUUID()] as const;

  const ecr = new ECRClient({});
  await ecr.send(new CreateRepositoryCommand({ repositoryName: 'suite' }));
  const { authorizationData: [login] = [] } = await ecr.send(new GetAuthorizationTokenCommand({}));
  const [username = '', password = ''] = Buffer.from(login?.authorizationToken ?? '', 'base64')
    .toString()
    .split(':');
  const host = new URL(login?.proxyEndpoint ?? '').host;
  await pushImage(docker, busyboxImage, { host, name: 'suite:1', credentials: { username, password } });
  const engine = { dockerHost: testDockerHost(), installId, publishAddress: '127.0.0.1', clock: systemClock };
  const details = await createDockerProvider(engine).images.inspect(busyboxImage, within());
  const held = { uri: `${defaultAccount}.dkr.ecr.${region}.amazonaws.com/suite:1`, details };
  const access = { settings, prefix, installId, clients: createClients(), clock: systemClock, ids: systemIds };
  const writer = { ...access, throttle: createThrottle(systemClock), log: () => {} };
  await Promise.all(tenants.map((tenant) => writeHeld(writer, held, tenant, within())));

  return {
    fake,
    provider,
    tenants,
    imageId: details.id,
    realKernel: true,
    registry: null,
    close: () => fake.close(),
  };
}
