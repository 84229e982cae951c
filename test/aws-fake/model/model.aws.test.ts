/** The models that decide: each is the service's that the SDK speaks to, in its protocol, with what is newer than Debian's. */
import { CloudWatchLogsClient } from '@aws-sdk/client-cloudwatch-logs';
import { CodeBuildClient } from '@aws-sdk/client-codebuild';
import { EC2Client } from '@aws-sdk/client-ec2';
import { ECRClient } from '@aws-sdk/client-ecr';
import { ECSClient } from '@aws-sdk/client-ecs';
import { EFSClient } from '@aws-sdk/client-efs';
import { S3Client } from '@aws-sdk/client-s3';
import { SecretsManagerClient } from '@aws-sdk/client-secrets-manager';
import { ServiceDiscoveryClient } from '@aws-sdk/client-servicediscovery';
import { SSMClient } from '@aws-sdk/client-ssm';
import { STSClient } from '@aws-sdk/client-sts';
import { expect, test } from 'vitest';
import { modelOf } from './merged-model.ts';
import { readInput } from './validation.ts';

const ecs = modelOf({ modelName: 'ecs', sdkPackage: '@aws-sdk/client-ecs' });
const problemsOf = (shape: string, value: unknown) =>
  readInput(ecs, shape, value).problems.map(({ kind, path }) => `${kind} ${path}`);

const spoken = {
  json: 'awsJson1_1',
  query: 'awsQuery',
  ec2: 'ec2Query',
  'rest-json': 'restJson1',
  'rest-xml': 'restXml',
};
const config = { region: 'eu-west-1' };

test.each([
  ['ecs', 'ecs', new ECSClient(config)],
  ['ecr', 'ecr', new ECRClient(config)],
  ['ec2', 'ec2', new EC2Client(config)],
  ['logs', 'cloudwatch-logs', new CloudWatchLogsClient(config)],
  ['efs', 'efs', new EFSClient(config)],
  ['sts', 'sts', new STSClient(config)],
  ['s3', 's3', new S3Client(config)],
  ['secretsmanager', 'secrets-manager', new SecretsManagerClient(config)],
  ['servicediscovery', 'servicediscovery', new ServiceDiscoveryClient(config)],
  ['codebuild', 'codebuild', new CodeBuildClient(config)],
  ['ssm', 'ssm', new SSMClient(config)],
])('the SDK speaks to %s in the protocol of its model', (modelName, sdk, client) => {
  const { metadata } = modelOf({ modelName, sdkPackage: `@aws-sdk/client-${sdk}` });
  expect(client.config.protocol.getShapeId()).toContain(`#${spoken[metadata.protocol]}`);
  expect(client.config.apiVersion).toBe(metadata.apiVersion);
});

test('members, enum values and operations that Debian lacks come from the SDK', () => {
  expect(ecs.shapes.RunTaskRequest?.members).toHaveProperty('clientToken');
  expect(ecs.shapes.VersionConsistency?.enum).toEqual(['disabled', 'enabled']);
  expect(ecs.shapes.TaskStopCode?.enum).toContain('SpotInterruption');
  expect(ecs.operations).toHaveProperty('DeleteTaskDefinitions');
});

test('a request is read to its end, and everything wrong with it is said', () => {
  const problems = problemsOf('RunTaskRequest', {
    count: '1',
    launchType: 'MOON',
    networkConfiguration: { awsvpcConfiguration: { securityGroups: 'sg-1' } },
    overrides: { containerOverrides: [{ name: 'a', environment: [{ key: 'A' }] }] },
  });
  expect(problems).toEqual([
    'type count',
    'enum launchType',
    'type networkConfiguration.awsvpcConfiguration.securityGroups',
    'required networkConfiguration.awsvpcConfiguration.subnets',
    'unknown overrides.containerOverrides.0.environment.0.key',
    'required taskDefinition',
  ]);
});

test('lengths, patterns and enums of newer members are checked', () => {
  expect(problemsOf('Tag', { key: '' })).toEqual(['range key']);
  expect(problemsOf('Tag', { key: 'a', value: 'tab\there' })).toEqual(['pattern value']);
  expect(problemsOf('ContainerDefinition', { versionConsistency: 'sometimes' })).toEqual(['enum versionConsistency']);
  expect(problemsOf('ContainerDefinition', { restartPolicy: { ignoredExitCodes: [0] } })).toEqual([
    'required restartPolicy.enabled',
  ]);
});
