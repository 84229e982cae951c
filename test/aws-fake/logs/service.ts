/** CloudWatch Logs. */
import type { Service } from '../service.ts';
import { filterLogEvents, getLogEvents, putLogEvents } from './events.ts';
import {
  createLogGroup,
  createLogStream,
  deleteLogGroup,
  deleteRetentionPolicy,
  describeLogGroups,
  describeLogStreams,
  groupName,
  listLogGroupTags,
  putRetentionPolicy,
  tagLogGroup,
  untagLogGroup,
} from './groups.ts';

export const logs: Service = {
  iamName: 'logs',
  signingName: 'logs',
  modelName: 'logs',
  sdkPackage: '@aws-sdk/client-cloudwatch-logs',
  invalidCode: () => 'InvalidParameterException',
  resource: (_operation, input, site) => {
    const name = groupName(String(input.logGroupName ?? input.logGroupIdentifier ?? input.resourceArn ?? ''));
    if (name === '') return '*';
    const stream = input.logStreamName === undefined ? '*' : `log-stream:${input.logStreamName}`;
    return site.arn('logs', `log-group:${name}:${stream}`);
  },
  handlers: {
    CreateLogGroup: createLogGroup,
    DeleteLogGroup: deleteLogGroup,
    CreateLogStream: createLogStream,
    PutRetentionPolicy: putRetentionPolicy,
    DeleteRetentionPolicy: deleteRetentionPolicy,
    DescribeLogGroups: describeLogGroups,
    DescribeLogStreams: describeLogStreams,
    TagResource: tagLogGroup,
    UntagResource: untagLogGroup,
    ListTagsForResource: listLogGroupTags,
    PutLogEvents: putLogEvents,
    GetLogEvents: getLogEvents,
    FilterLogEvents: filterLogEvents,
  },
};
