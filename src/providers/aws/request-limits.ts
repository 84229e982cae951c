/**
 * The request limits that AWS publishes, per account and region. An action may be below several.
 * https://docs.aws.amazon.com/AmazonECS/latest/APIReference/request-throttling.html and the quota pages of the services.
 */

import type { RequestLimit } from '../../domain/request-buckets.ts';

export interface Limit extends RequestLimit {
  actions: readonly string[];
}

const limit = (burst: number, perSecond: number, ...actions: string[]): Limit => {
  return { name: actions[0] ?? '', actions, burst, perSecond };
};

/** Of an action below two of them the narrower one is first: who waits for it keeps nobody from the wider one. */
export const publishedLimits: readonly Limit[] = [
  { ...limit(20, 20, 'ecs:RunTask'), name: 'fargate:RunTask' },
  limit(100, 40, 'ecs:RunTask', 'ecs:StopTask', 'ecs:ExecuteCommand'),
  limit(100, 20, 'ecs:DescribeTasks', 'ecs:ListTasks'),
  limit(20, 1, 'ecs:CreateCluster', 'ecs:DeleteCluster', 'ecs:PutClusterCapacityProviders'),
  limit(50, 20, 'ecs:DescribeClusters', 'ecs:ListClusters'),
  limit(20, 1, 'ecs:RegisterTaskDefinition', 'ecs:DeregisterTaskDefinition'),
  limit(50, 20, 'ecs:DescribeTaskDefinition', 'ecs:ListTaskDefinitions'),
  limit(20, 10, 'ecs:TagResource', 'ecs:UntagResource'),
  limit(10, 10, 'ecr:PutImage'),
  limit(2000, 2000, 'ecr:BatchGetImage'),
  limit(3000, 3000, 'ecr:GetDownloadUrlForLayer'),
  limit(500, 500, 'ecr:GetAuthorizationToken'),
  limit(500, 500, 'ecr:UploadLayerPart'),
  limit(100, 100, 'ecr:InitiateLayerUpload'),
  limit(100, 100, 'ecr:CompleteLayerUpload'),
  limit(1000, 1000, 'ecr:BatchCheckLayerAvailability'),
  limit(25, 25, 'logs:GetLogEvents'),
  limit(5, 5, 'logs:CreateLogGroup'),
];
