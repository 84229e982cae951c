/** Log groups and streams of CloudWatch Logs. */
import type {
  CreateLogGroupRequest,
  CreateLogStreamRequest,
  DeleteLogGroupRequest,
  DeleteRetentionPolicyRequest,
  DescribeLogGroupsRequest,
  DescribeLogGroupsResponse,
  DescribeLogStreamsRequest,
  DescribeLogStreamsResponse,
  ListTagsForResourceRequest,
  ListTagsForResourceResponse,
  PutRetentionPolicyRequest,
  TagResourceRequest,
  UntagResourceRequest,
} from '@aws-sdk/client-cloudwatch-logs';
import { AwsError } from '../aws-error.ts';
import { page } from '../pages.ts';
import type { Call } from '../service.ts';
import type { Site } from '../site.ts';
import { checkTags } from '../tags.ts';
import type { LogGroup, LogStream } from './log-store.ts';

/** Days that a retention can last. */
const retentions = [
  1, 3, 5, 7, 14, 30, 60, 90, 120, 150, 180, 365, 400, 545, 731, 1096, 1827, 2192, 2557, 2922, 3288, 3653,
];

export function createLogGroup({ logGroupName = '', tags = {}, kmsKeyId }: CreateLogGroupRequest, { site }: Call) {
  checkTags(
    Object.keys(tags).map((key) => ({ key })),
    'InvalidParameterException',
  );
  Object.assign(site.logs.createGroup(logGroupName), { tags, kmsKeyId });
}

export function deleteLogGroup({ logGroupName = '' }: DeleteLogGroupRequest, { site }: Call) {
  site.logs.group(logGroupName);
  site.logs.groups.delete(logGroupName);
}

export function createLogStream({ logGroupName = '', logStreamName = '' }: CreateLogStreamRequest, { site }: Call) {
  if (site.logs.group(logGroupName).streams.has(logStreamName)) {
    throw new AwsError('ResourceAlreadyExistsException', 'The specified log stream already exists');
  }
  site.logs.createStream(logGroupName, logStreamName);
}

export function putRetentionPolicy(
  { logGroupName = '', retentionInDays = 0 }: PutRetentionPolicyRequest,
  { site }: Call,
) {
  if (!retentions.includes(retentionInDays)) {
    throw new AwsError('InvalidParameterException', `retentionInDays must be one of ${retentions.join(', ')}`);
  }
  site.logs.group(logGroupName).retentionInDays = retentionInDays;
}

export function deleteRetentionPolicy({ logGroupName = '' }: DeleteRetentionPolicyRequest, { site }: Call) {
  site.logs.group(logGroupName).retentionInDays = undefined;
}

export function describeLogGroups(input: DescribeLogGroupsRequest, { site }: Call): DescribeLogGroupsResponse {
  const { logGroupNamePrefix = '', logGroupNamePattern = '' } = input;
  const chosen = [...site.logs.groups.values()]
    .filter(({ name }) => name.startsWith(logGroupNamePrefix))
    .filter(({ name }) => name.toLowerCase().includes(logGroupNamePattern.toLowerCase()))
    .sort((a, b) => (a.name < b.name ? -1 : 1));
  const { items, next } = page(chosen, input.nextToken, input.limit ?? 50, 'InvalidParameterException');
  return { logGroups: items.map((group) => shownGroup(site, group)), ...(next && { nextToken: next }) };
}

function shownGroup(site: Site, { name, createdAt, retentionInDays, kmsKeyId, streams }: LogGroup) {
  const events = [...streams.values()].flatMap((stream) => stream.events);
  return {
    logGroupName: name,
    creationTime: createdAt,
    ...(retentionInDays !== undefined && { retentionInDays }),
    ...(kmsKeyId !== undefined && { kmsKeyId }),
    metricFilterCount: 0,
    storedBytes: events.reduce((sum, { message }) => sum + Buffer.byteLength(message), 0),
    arn: `${groupArn(site, name)}:*`,
    logGroupArn: groupArn(site, name),
    logGroupClass: 'STANDARD' as const,
  };
}

export function describeLogStreams(input: DescribeLogStreamsRequest, { site }: Call): DescribeLogStreamsResponse {
  const { logStreamNamePrefix = '', orderBy = 'LogStreamName', descending = false } = input;
  if (orderBy === 'LastEventTime' && logStreamNamePrefix !== '') {
    throw new AwsError('InvalidParameterException', 'Cannot order by LastEventTime with a logStreamNamePrefix.');
  }
  const name = groupName(input.logGroupName ?? input.logGroupIdentifier);
  const chosen = [...site.logs.group(name).streams.values()].filter((stream) =>
    stream.name.startsWith(logStreamNamePrefix),
  );
  const lastOf = ({ events, createdAt }: LogStream) => events.at(-1)?.timestamp ?? createdAt;
  chosen.sort((a, b) => (orderBy === 'LastEventTime' ? lastOf(a) - lastOf(b) : a.name < b.name ? -1 : 1));
  if (descending) chosen.reverse();
  const { items, next } = page(chosen, input.nextToken, input.limit ?? 50, 'InvalidParameterException');
  const logStreams = items.map((stream) => {
    const [first, last] = [stream.events.at(0), stream.events.at(-1)];
    return {
      logStreamName: stream.name,
      creationTime: stream.createdAt,
      ...(first && { firstEventTimestamp: first.timestamp }),
      ...(last && { lastEventTimestamp: last.timestamp, lastIngestionTime: last.ingestionTime }),
      arn: `${groupArn(site, name)}:log-stream:${stream.name}`,
      storedBytes: 0,
    };
  });
  return { logStreams, ...(next && { nextToken: next }) };
}

export function tagLogGroup({ resourceArn, tags = {} }: TagResourceRequest, { site }: Call) {
  const group = site.logs.group(groupName(resourceArn));
  const merged = { ...group.tags, ...tags };
  checkTags(
    Object.keys(merged).map((key) => ({ key })),
    'InvalidParameterException',
  );
  group.tags = merged;
}

export function untagLogGroup({ resourceArn, tagKeys = [] }: UntagResourceRequest, { site }: Call) {
  const { tags } = site.logs.group(groupName(resourceArn));
  for (const key of tagKeys) delete tags[key];
}

export function listLogGroupTags(
  { resourceArn }: ListTagsForResourceRequest,
  { site }: Call,
): ListTagsForResourceResponse {
  return { tags: site.logs.group(groupName(resourceArn)).tags };
}

/** Of a name or an ARN. */
export function groupName(identifier = ''): string {
  return identifier.replace(/^arn:aws:logs:[^:]*:\d*:log-group:/, '').replace(/:\*$/, '');
}

function groupArn(site: Site, name: string): string {
  return site.arn('logs', `log-group:${name}`);
}
