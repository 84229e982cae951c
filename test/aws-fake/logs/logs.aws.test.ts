/** CloudWatch Logs: pages with tokens that repeat at the end, empty ones in between, lines that take their time. */
import {
  CloudWatchLogsClient,
  CreateLogGroupCommand,
  CreateLogStreamCommand,
  DeleteLogGroupCommand,
  DescribeLogGroupsCommand,
  DescribeLogStreamsCommand,
  FilterLogEventsCommand,
  GetLogEventsCommand,
  type GetLogEventsCommandInput,
  ListTagsForResourceCommand,
  PutLogEventsCommand,
  PutRetentionPolicyCommand,
  TagResourceCommand,
} from '@aws-sdk/client-cloudwatch-logs';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { manualClock } from '../clock.ts';
import { type AwsFake, startAwsFake } from '../server.ts';

const where = { logGroupName: '/tenants/a', logStreamName: 'c/main/1' };
let clock: ReturnType<typeof manualClock>;
let fake: AwsFake;
let client: CloudWatchLogsClient;

beforeEach(async () => {
  clock = manualClock();
  fake = await startAwsFake({ clock });
  const credentials = fake.addUser();
  client = new CloudWatchLogsClient({ region: 'eu-west-1', endpoint: fake.url, credentials, maxAttempts: 1 });
  await client.send(new CreateLogGroupCommand({ logGroupName: where.logGroupName, tags: { tenant: 'a' } }));
});
afterEach(async () => {
  expect({ failures: fake.failures, violations: fake.violations }).toEqual({ failures: [], violations: [] });
  await fake.close();
});

const write = async (...messages: string[]) => {
  await client.send(new CreateLogStreamCommand(where)).catch(() => {});
  const logEvents = messages.map((message, index) => ({ message, timestamp: clock.now() + index }));
  await client.send(new PutLogEventsCommand({ ...where, logEvents }));
};
const read = async (more: Partial<GetLogEventsCommandInput> = {}) => {
  const answer = await client.send(new GetLogEventsCommand({ ...where, startFromHead: true, ...more }));
  return { ...answer, messages: answer.events?.map(({ message }) => message) };
};

test('a stream that is not there is not found', async () => {
  await expect(read()).rejects.toMatchObject({ name: 'ResourceNotFoundException' });
});

test('reading on ends where the token repeats, and goes on when there is more', async () => {
  await write('a', 'b', 'c');
  const first = await read({ limit: 2 });
  const second = await read({ nextToken: first.nextForwardToken });
  const third = await read({ nextToken: second.nextForwardToken });
  expect([first.messages, second.messages, third.messages]).toEqual([['a', 'b'], ['c'], []]);
  expect(third.nextForwardToken).toBe(second.nextForwardToken);
  await clock.advance(10);
  await write('d');
  expect((await read({ nextToken: third.nextForwardToken })).messages).toEqual(['d']);
});

test('reading back starts with the last', async () => {
  await write('a', 'b', 'c');
  const last = await read({ startFromHead: false, limit: 2 });
  const before = await read({ nextToken: last.nextBackwardToken });
  expect([last.messages, before.messages]).toEqual([['b', 'c'], ['a']]);
});

test('a time narrows what is read', async () => {
  await write('a', 'b', 'c');
  const startTime = clock.now() + 1;
  expect((await read({ startTime, endTime: startTime + 1 })).messages).toEqual(['b']);
});

test('empty pages with new tokens come before a full one', async () => {
  await write('a');
  fake.habits.emptyLogPages = 2;
  const pages = [await read()];
  for (let count = 0; count < 3; count++) pages.push(await read({ nextToken: pages.at(-1)?.nextForwardToken }));
  expect(pages.map(({ messages }) => messages)).toEqual([[], [], ['a'], []]);
  const tokens = pages.map(({ nextForwardToken }) => nextForwardToken);
  expect(new Set(tokens.slice(0, 3)).size).toBe(3);
  expect(tokens[3]).toBe(tokens[2]);
});

test('a page holds a megabyte at most', async () => {
  const large = 'x'.repeat(200_000);
  await write(...Array.from({ length: 6 }, () => large));
  expect((await read()).messages?.length).toBe(5);
});

test('lines are seen after their delay', async () => {
  fake.habits.logDelayMs = 2_000;
  await write('a');
  expect((await read()).messages).toEqual([]);
  await clock.advance(2_000);
  expect((await read()).messages).toEqual(['a']);
});

test('events of several streams are filtered by time and words', async () => {
  await write('error one', 'fine');
  const { events } = await client.send(
    new FilterLogEventsCommand({ logGroupName: where.logGroupName, logStreamNamePrefix: 'c/', filterPattern: 'error' }),
  );
  expect(events).toMatchObject([{ message: 'error one', logStreamName: where.logStreamName }]);
});

test('a group has its retention and tags until it is deleted', async () => {
  const { logGroupName } = where;
  await client.send(new PutRetentionPolicyCommand({ logGroupName, retentionInDays: 14 }));
  await expect(client.send(new PutRetentionPolicyCommand({ logGroupName, retentionInDays: 2 }))).rejects.toMatchObject({
    name: 'InvalidParameterException',
  });
  const { logGroups: [group] = [] } = await client.send(
    new DescribeLogGroupsCommand({ logGroupNamePrefix: '/tenants' }),
  );
  expect(group).toMatchObject({ logGroupName, retentionInDays: 14 });
  const resourceArn = group?.logGroupArn ?? '';
  await client.send(new TagResourceCommand({ resourceArn, tags: { more: 'x' } }));
  expect((await client.send(new ListTagsForResourceCommand({ resourceArn }))).tags).toEqual({ tenant: 'a', more: 'x' });
  await expect(client.send(new CreateLogGroupCommand({ logGroupName }))).rejects.toMatchObject({
    name: 'ResourceAlreadyExistsException',
  });
  await write('a');
  const { logStreams } = await client.send(new DescribeLogStreamsCommand({ logGroupName }));
  expect(logStreams).toMatchObject([{ logStreamName: where.logStreamName, firstEventTimestamp: clock.now() }]);
  await client.send(new DeleteLogGroupCommand({ logGroupName }));
  await expect(read()).rejects.toMatchObject({ name: 'ResourceNotFoundException' });
});
