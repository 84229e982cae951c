/**
 * What src/providers/aws calls, as IAM allows it: `reconcileGrants` is for whoever starts, watches and ends containers, `requestGrants` what
 * only requests of tenants need. test/infra/provider-grants.test.ts compares it with the calls in the code.
 */
import type { Arns } from './arns.ts';
import type { Grant } from './grant.ts';
import { marked, names, networks, own, type ProviderPlaces, volumes } from './place-grants.ts';

export function reconcileGrants(places: ProviderPlaces): Grant[] {
  return [
    ...tasks(places),
    ...records(places),
    ...logs(places),
    ...sessions(places),
    ...networks(places),
    ...names(places),
    ...volumes(places),
    {
      why: own('repositories of tenants'),
      // The sweep copies, too, where a hold of an image was lost.
      actions: [
        ...[
          'BatchCheckLayerAvailability',
          'BatchDeleteImage',
          'BatchGetImage',
          'CompleteLayerUpload',
          'CreateRepository',
        ],
        ...[
          'DescribeRepositories',
          'GetDownloadUrlForLayer',
          'InitiateLayerUpload',
          'PutImage',
          'TagResource',
          'UploadLayerPart',
        ],
      ].map((name) => `ecr:${name}`),
      resources: [places.arns.repositories],
    },
  ];
}

export function requestGrants({ arns, prefix, hasBuilds, hasPushes, roles }: ProviderPlaces): Grant[] {
  const logs: Grant = { why: own("tenants' logs"), actions: ['logs:GetLogEvents'], resources: [arns.logStreams] };
  const builds: Grant[] = [
    {
      why: 'One project, no wildcard.',
      actions: ['codebuild:StartBuild', 'codebuild:StopBuild', 'codebuild:BatchGetBuilds'],
      resources: [arns.project],
    },
    ...(roles === 'each'
      ? [passRole(arns.tenantRole('build'), 'codebuild.amazonaws.com', `the build roles of tenants below ${prefix}`)]
      : []),
  ];
  const pushes: Grant[] = [
    { why: own('repositories of tenants'), actions: ['ecr:ListImages'], resources: [arns.repositories] },
    {
      why: 'Each tenant has a role of its own to push with, called by its id.',
      actions: ['sts:AssumeRole', 'sts:TagSession'],
      resources: [roleArn(arns, 'push', roles)],
    },
  ];
  return [logs, ...(hasBuilds ? builds : []), ...(hasPushes ? pushes : [])];
}

function tasks({ arns, roles }: ProviderPlaces): Grant[] {
  const onClusters = { ArnLike: { 'ecs:cluster': arns.clusters } };
  const created = { StringEquals: { 'ecs:CreateAction': ['CreateCluster', 'RunTask', 'RegisterTaskDefinition'] } };
  return [
    {
      why: own('a cluster for each tenant'),
      actions: ['ecs:CreateCluster'],
      resources: [arns.clusters],
      conditions: marked,
    },
    { why: own('a cluster for each tenant'), actions: ['ecs:DescribeClusters'], resources: [arns.clusters] },
    {
      why: 'ECS has no resource for these: they list and describe, and change nothing.',
      actions: ['ecs:ListClusters', 'ecs:DescribeTaskDefinition'],
      resources: ['*'],
    },
    {
      why: 'Tasks of Fargate have no container instance, which is what ECS lists by; the condition keeps it to clusters of this stage.',
      actions: ['ecs:ListTasks'],
      resources: ['*'],
      conditions: onClusters,
    },
    {
      why: own('task definitions'),
      actions: ['ecs:RegisterTaskDefinition'],
      resources: [arns.families],
      conditions: marked,
    },
    {
      why: own('task definitions'),
      actions: ['ecs:RunTask'],
      resources: [arns.taskDefinitions],
      conditions: onClusters,
    },
    {
      why: own('tasks'),
      actions: ['ecs:DescribeTasks', 'ecs:StopTask'],
      resources: [arns.tasks],
      conditions: onClusters,
    },
    {
      why: own('clusters, tasks and task definitions'),
      actions: ['ecs:TagResource'],
      resources: [arns.clusters, arns.tasks, arns.families],
      conditions: created,
    },
    passRole(roleArn(arns, 'exec', roles), 'ecs-tasks.amazonaws.com', 'the execution roles of tenants'),
    passRole(roleArn(arns, 'task', roles), 'ecs-tasks.amazonaws.com', 'the task roles of tenants'),
    {
      why: 'The role that ECS itself works with, which the first cluster of an account makes.',
      actions: ['iam:CreateServiceLinkedRole'],
      resources: [arns.ecsLinkedRole],
      conditions: { StringEquals: { 'iam:AWSServiceName': 'ecs.amazonaws.com' } },
    },
  ];
}

function records({ arns, prefix }: ProviderPlaces): Grant[] {
  return [
    {
      why: 'Records of runs and images are objects below the prefix, in a bucket of this stage alone.',
      actions: ['s3:GetObject', 's3:PutObject', 's3:DeleteObject'],
      resources: [`${arns.bucket}/${prefix}/*`],
    },
    // Without a condition: S3 says of a record that there is none only to who may list all, and "denied" to everybody else.
    { why: 'One bucket, no wildcard.', actions: ['s3:ListBucket'], resources: [arns.bucket] },
  ];
}

const logs = ({ arns }: ProviderPlaces): Grant[] => [
  {
    why: own('a log group for each tenant'),
    actions: ['logs:CreateLogGroup', 'logs:PutRetentionPolicy', 'logs:TagResource'],
    // CloudWatch names a group with and without what follows it.
    resources: [arns.logGroups, `${arns.logGroups}:*`],
  },
];

const sessions = ({ arns }: ProviderPlaces): Grant[] => [
  {
    why: own('clusters and tasks'),
    actions: ['ecs:ExecuteCommand'],
    resources: [arns.clusters, arns.tasks],
    conditions: { StringEquals: { 'ecs:container-name': 'main' } },
  },
  {
    why: 'AWS gives a session its id when it opens; the prefix is that of sessions of ECS Exec.',
    actions: ['ssm:ResumeSession', 'ssm:TerminateSession'],
    resources: [arns.sessions],
  },
];

/** With a role for all, exactly that one. */
const roleArn = (arns: Arns, kind: 'exec' | 'task' | 'push', roles: ProviderPlaces['roles']): string =>
  roles === 'each' ? arns.tenantRole(kind) : arns.sharedRole(kind);

const passRole = (role: string, service: string, which: string): Grant => ({
  why: `By their names ${which}, and to one service only.`,
  actions: ['iam:PassRole'],
  resources: [role],
  conditions: { StringEquals: { 'iam:PassedToService': service } },
});
