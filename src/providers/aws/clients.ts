/**
 * One client per service for the whole process. Region, endpoint and credentials come from where the SDK looks for them
 * (AWS_REGION, AWS_ENDPOINT_URL, the credentials chain), so that any emulator can be pointed at.
 */
import { CloudWatchLogsClient } from '@aws-sdk/client-cloudwatch-logs';
import { CodeBuildClient } from '@aws-sdk/client-codebuild';
import { EC2Client, type EC2ClientConfig } from '@aws-sdk/client-ec2';
import { ECRClient, type ECRClientConfig } from '@aws-sdk/client-ecr';
import { ECSClient, type ECSClientConfig } from '@aws-sdk/client-ecs';
import { EFSClient } from '@aws-sdk/client-efs';
import { S3Client, type S3ClientConfig } from '@aws-sdk/client-s3';
import { ServiceDiscoveryClient } from '@aws-sdk/client-servicediscovery';
import { SQSClient } from '@aws-sdk/client-sqs';
import { SSMClient } from '@aws-sdk/client-ssm';
import { STSClient } from '@aws-sdk/client-sts';

const attempts = 5;
const connectMs = 5_000;
/** Of one attempt, without which a dead connection would use up a call's whole deadline. */
const requestMs = 15_000;
/** Of a poll that waits for messages. */
const pollMs = 30_000;

export type Clients = ReturnType<typeof createClients>;

/** @param own settings of the SDK for who cannot leave them to the environment, such as two accounts in one process */
export function createClients(own: ECSClientConfig & EC2ClientConfig & S3ClientConfig = {}) {
  const settings = {
    maxAttempts: attempts,
    retryMode: 'adaptive',
    requestHandler: { connectionTimeout: connectMs, requestTimeout: requestMs },
    ...own,
  };
  const patient = { connectionTimeout: connectMs, requestTimeout: pollMs };
  return {
    ecs: new ECSClient(settings),
    codebuild: new CodeBuildClient(settings),
    ecr: new ECRClient(settings),
    ec2: new EC2Client(settings),
    logs: new CloudWatchLogsClient(settings),
    efs: new EFSClient(settings),
    s3: new S3Client(settings),
    /** For URLs: who is handed one knows nothing of the SDK's checksums. */
    s3Urls: new S3Client({
      ...settings,
      ...{ requestChecksumCalculation: 'WHEN_REQUIRED', responseChecksumValidation: 'WHEN_REQUIRED' },
    }),
    sqs: new SQSClient({ ...settings, ...(own.requestHandler === undefined && { requestHandler: patient }) }),
    ssm: new SSMClient(settings),
    sts: new STSClient(settings),
    /** With the rights of a session. To be destroyed. */
    ecrAs: (credentials: NonNullable<ECRClientConfig['credentials']>) => new ECRClient({ ...settings, credentials }),
    discovery: new ServiceDiscoveryClient(settings),
  };
}
