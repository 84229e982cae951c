/** An AWS account of the fake's with what an operator sets up for Longshore, whose tasks are containers of this test run's Engine. */
import { CodeBuildClient, CreateProjectCommand } from '@aws-sdk/client-codebuild';
import { CreateFileSystemCommand, EFSClient } from '@aws-sdk/client-efs';
import { CreateBucketCommand, S3Client } from '@aws-sdk/client-s3';
import { CreatePrivateDnsNamespaceCommand, ServiceDiscoveryClient } from '@aws-sdk/client-servicediscovery';
import { defaultAccount } from '../aws-fake/front-door.ts';
import { engineRuntime } from '../aws-fake/runtime/engine.ts';
import { type AwsFake, startAwsFake } from '../aws-fake/server.ts';
import type { Site } from '../aws-fake/site.ts';
import { busyboxImage } from './base-images.ts';
import { hostAddress, openDocker, testDockerHost } from './engine.ts';

const region = 'eu-west-1';

export interface AwsAccount {
  fake: AwsFake;
  site: Site;
  credentials: { accessKeyId: string; secretAccessKey: string };
  /** Longshore's settings for it. The SDK's own are in this process's environment from now on. */
  settings: Record<string, string>;
}

/** As an operator makes it: privileged, and with nothing in it of any build. */
async function makeProject(): Promise<string> {
  const name = 'longshore-builds';
  await new CodeBuildClient({}).send(
    new CreateProjectCommand({
      name,
      serviceRole: `arn:aws:iam::${defaultAccount}:role/build`,
      source: { type: 'NO_SOURCE', buildspec: 'version: 0.2' },
      artifacts: { type: 'NO_ARTIFACTS' },
      environment: {
        ...{ type: 'LINUX_CONTAINER', image: 'aws/codebuild/standard:7.0', computeType: 'BUILD_GENERAL1_SMALL' },
        privilegedMode: true,
      },
    }),
  );
  return name;
}

export async function openAwsAccount(): Promise<AwsAccount> {
  const docker = openDocker(testDockerHost());
  const fake = await startAwsFake({
    dockerHost: testDockerHost(),
    runtime: engineRuntime({ docker, pauseImage: busyboxImage }),
  });
  const credentials = fake.addUser();
  process.env.AWS_ENDPOINT_URL = fake.url;
  // Tasks take large files from there themselves.
  process.env.AWS_ENDPOINT_URL_S3 = await fake.openAt(await hostAddress(docker));
  process.env.AWS_REGION = region;
  process.env.AWS_ACCESS_KEY_ID = credentials.accessKeyId;
  process.env.AWS_SECRET_ACCESS_KEY = credentials.secretAccessKey;

  const bucket = 'records';
  await new S3Client({}).send(new CreateBucketCommand({ Bucket: bucket }));
  const made = await new EFSClient({}).send(new CreateFileSystemCommand({ CreationToken: 'volumes' }));
  const site = fake.site(defaultAccount, region);
  const namespace = { Name: 'apps.internal', Vpc: site.ec2.vpc.VpcId };
  await new ServiceDiscoveryClient({}).send(new CreatePrivateDnsNamespaceCommand(namespace));
  const role = `arn:aws:iam::${defaultAccount}:role/{tenant}`;
  const settings = {
    LONGSHORE_PROVIDER: 'aws',
    LONGSHORE_AWS_VPC: site.ec2.vpc.VpcId,
    LONGSHORE_AWS_SUBNETS: [...site.ec2.subnets.keys()].join(','),
    LONGSHORE_AWS_PUBLIC_ADDRESSES: '1',
    LONGSHORE_AWS_EXECUTION_ROLE: `${role}/execution`,
    LONGSHORE_AWS_TASK_ROLE: `${role}/task`,
    LONGSHORE_AWS_BUILD_PROJECT: await makeProject(),
    LONGSHORE_AWS_PUSH_ROLE: `arn:aws:iam::${defaultAccount}:role/push`,
    LONGSHORE_AWS_NAMESPACE: [...site.names.namespaces.keys()][0] ?? '',
    LONGSHORE_AWS_BUCKET: bucket,
    LONGSHORE_AWS_EFS: made.FileSystemId ?? '',
    LONGSHORE_INSECURE_LOOPBACK_REGISTRIES: '1',
  };
  return { fake, site, credentials, settings };
}
