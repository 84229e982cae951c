/** The AWS provider against the fake AWS, whose tasks are containers of this test run's Engine. */
import { randomUUID } from 'node:crypto';
import { CreateFileSystemCommand, EFSClient } from '@aws-sdk/client-efs';
import { CreateBucketCommand, S3Client } from '@aws-sdk/client-s3';
import { systemClock, systemIds } from '../../src/domain/clock.ts';
import { parseImageReference } from '../../src/domain/image.ts';
import { createAwsProvider } from '../../src/providers/aws/aws.ts';
import type { AwsSettings } from '../../src/providers/aws/settings.ts';
import type { Provider } from '../../src/providers/provider.ts';
import { defaultAccount } from '../aws-fake/front-door.ts';
import { engineRuntime } from '../aws-fake/runtime/engine.ts';
import { type AwsFake, startAwsFake } from '../aws-fake/server.ts';
import { busyboxImage, pushImage } from '../support/base-images.ts';
import { openDocker, testDockerHost } from '../support/engine.ts';
import { startRegistry } from '../support/registry.ts';
import { publish } from './docker-harness.ts';
import { type Harness, type ImageName, within } from './harness.ts';

const region = 'eu-west-1';
const auth = { username: 'ann', password: 'ann-s secret' };

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
  const provider = createAwsProvider({
    ...{ settings, installId, clock: systemClock, ids: systemIds },
    registries: { hosts: [], loopback: true },
  });
  const tenants = [randomUUID(), randomUUID()] as const;

  const [open, guarded] = await Promise.all([startRegistry(), startRegistry({ credentials: auth })]);
  const base = await pushImage(docker, busyboxImage, { host: open.host, name: 'suite/base:1' });
  const held = await Promise.all(tenants.map((tenantId) => pulled(provider, parseImageReference(base), tenantId)));
  const image = await publish(docker, { host: open.host, name: 'suite/open:1' });
  const secured = await publish(docker, { host: guarded.host, name: 'suite/secured:1', credentials: auth });

  return {
    fake,
    provider,
    tenants,
    imageId: held[0] ?? '',
    realKernel: true,
    registry: { image: parseImageReference(image), secured: { image: parseImageReference(secured), auth } },
    close: async () => {
      await Promise.all([fake.close(), open.stop(), guarded.stop()]);
    },
  };
}

async function pulled(provider: Provider, image: ImageName, tenantId: string): Promise<string> {
  const pulling = provider.images.pull({ ...image, auth: null, tenantId }, within());
  for (;;) {
    const step = await pulling.next();
    if (step.done) return step.value.id;
  }
}
