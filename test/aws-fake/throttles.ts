/**
 * The published request limits, one token bucket per account and region for each group of actions.
 * https://docs.aws.amazon.com/AmazonECS/latest/APIReference/request-throttling.html and the services' quota pages.
 */
import { AwsError } from './aws-error.ts';
import type { FakeClock } from './clock.ts';

interface Limit {
  name: string;
  actions: string[];
  burst: number;
  perSecond: number;
}

/** An action may be in more than one: RunTask is, since Fargate has a limit of its own. */
const publishedLimits: readonly Limit[] = [
  limit('ecs cluster resource modify', 100, 40, 'ecs:RunTask ecs:StopTask ecs:StartTask ecs:ExecuteCommand'),
  limit('fargate RunTask', 20, 20, 'ecs:RunTask'),
  limit('ecs cluster resource read', 100, 20, 'ecs:DescribeTasks ecs:ListTasks ecs:DescribeContainerInstances'),
  limit('ecs cluster modify', 20, 1, 'ecs:CreateCluster ecs:DeleteCluster ecs:UpdateCluster ecs:UpdateClusterSettings'),
  limit('ecs cluster read', 50, 20, 'ecs:DescribeClusters ecs:ListClusters'),
  limit('ecs task definition modify', 20, 1, 'ecs:RegisterTaskDefinition ecs:DeregisterTaskDefinition'),
  limit('ecs task definition delete', 5, 1, 'ecs:DeleteTaskDefinitions'),
  limit(
    'ecs task definition read',
    50,
    20,
    'ecs:DescribeTaskDefinition ecs:ListTaskDefinitions ecs:ListTaskDefinitionFamilies',
  ),
  limit('ecs tag modify', 20, 10, 'ecs:TagResource ecs:UntagResource'),
  limit('ecs tag read', 50, 20, 'ecs:ListTagsForResource'),
  limit('ecr PutImage', 10, 10, 'ecr:PutImage'),
  limit('ecr BatchGetImage', 2000, 2000, 'ecr:BatchGetImage'),
  limit('ecr GetDownloadUrlForLayer', 3000, 3000, 'ecr:GetDownloadUrlForLayer'),
  limit('ecr GetAuthorizationToken', 500, 500, 'ecr:GetAuthorizationToken'),
  limit('ecr UploadLayerPart', 500, 500, 'ecr:UploadLayerPart'),
  limit('ecr InitiateLayerUpload', 100, 100, 'ecr:InitiateLayerUpload'),
  limit('ecr CompleteLayerUpload', 100, 100, 'ecr:CompleteLayerUpload'),
  limit('ecr BatchCheckLayerAvailability', 1000, 1000, 'ecr:BatchCheckLayerAvailability'),
  limit('logs GetLogEvents', 25, 25, 'logs:GetLogEvents'),
  limit('logs FilterLogEvents', 10, 10, 'logs:FilterLogEvents'),
  limit('logs CreateLogGroup', 10, 10, 'logs:CreateLogGroup'),
  limit('logs DescribeLogGroups', 10, 10, 'logs:DescribeLogGroups'),
  limit('logs DescribeLogStreams', 25, 25, 'logs:DescribeLogStreams'),
];

function limit(name: string, burst: number, perSecond: number, actions: string): Limit {
  return { name, burst, perSecond, actions: actions.split(' ') };
}

/** The buckets of one account and region. They fill with the fake's clock. */
export class Throttles {
  private readonly buckets = new Map<Limit, { tokens: number; at: number }>();
  private readonly clock: FakeClock;

  constructor(clock: FakeClock) {
    this.clock = clock;
  }

  /** Takes a token of each bucket that the action draws on; throws ThrottlingException when one is empty. */
  take(action: string): void {
    const limits = publishedLimits.filter((entry) => entry.actions.includes(action));
    const buckets = limits.map((entry) => this.fill(entry));
    if (buckets.some((bucket) => bucket.tokens < 1)) throw new AwsError('ThrottlingException', 'Rate exceeded', 400);
    for (const bucket of buckets) bucket.tokens -= 1;
  }

  private fill(entry: Limit) {
    const now = this.clock.now();
    const bucket = this.buckets.get(entry) ?? { tokens: entry.burst, at: now };
    bucket.tokens = Math.min(entry.burst, bucket.tokens + ((now - bucket.at) / 1000) * entry.perSecond);
    bucket.at = now;
    this.buckets.set(entry, bucket);
    return bucket;
  }
}
