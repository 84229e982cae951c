/** Queues over the wire: what is received is hidden, what is not deleted comes again, and in the end is parked. */
import {
  CreateQueueCommand,
  DeleteMessageBatchCommand,
  GetQueueAttributesCommand,
  ReceiveMessageCommand,
  SendMessageCommand,
  SQSClient,
} from '@aws-sdk/client-sqs';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { type ManualClock, manualClock } from '../clock.ts';
import { defaultAccount } from '../front-door.ts';
import { type AwsFake, startAwsFake } from '../server.ts';

const region = 'eu-west-1';
let clock: ManualClock;
let fake: AwsFake;
let client: SQSClient;
beforeEach(async () => {
  clock = manualClock();
  fake = await startAwsFake({ clock });
  client = new SQSClient({ region, endpoint: fake.url, credentials: fake.addUser(), maxAttempts: 1 });
});
afterEach(async () => {
  client.destroy();
  await fake.close();
  expect(fake.failures).toEqual([]);
});

const makeQueue = async (QueueName: string, Attributes: Record<string, string> = {}) =>
  (await client.send(new CreateQueueCommand({ QueueName, Attributes }))).QueueUrl ?? '';
const receive = async (QueueUrl: string) =>
  (await client.send(new ReceiveMessageCommand({ QueueUrl, MaxNumberOfMessages: 10 }))).Messages ?? [];
const bodies = async (url: string) => (await receive(url)).map(({ Body }) => Body);

test('a message that was received is hidden for a while, and gone when it was deleted', async () => {
  const url = await makeQueue('events', { VisibilityTimeout: '60' });
  await client.send(new SendMessageCommand({ QueueUrl: url, MessageBody: 'one' }));
  const [message] = await receive(url);
  expect(message).toMatchObject({ Body: 'one' });
  expect(await receive(url)).toEqual([]);
  await clock.advance(60_000);
  const [again] = await receive(url);
  expect(again).toMatchObject({ Body: 'one', MessageId: message?.MessageId });
  const Entries = [{ Id: '0', ReceiptHandle: again?.ReceiptHandle ?? '' }];
  await client.send(new DeleteMessageBatchCommand({ QueueUrl: url, Entries }));
  await clock.advance(60_000);
  expect(await receive(url)).toEqual([]);
});

test('a poll waits for the first message', async () => {
  const url = await makeQueue('events');
  const polled = client.send(new ReceiveMessageCommand({ QueueUrl: url, WaitTimeSeconds: 20 }));
  await client.send(new SendMessageCommand({ QueueUrl: url, MessageBody: 'late' }));
  expect((await polled).Messages).toMatchObject([{ Body: 'late' }]);
});

test('what was received too often goes to the dead letters', async () => {
  await makeQueue('parked');
  const deadLetterTargetArn = `arn:aws:sqs:${region}:${defaultAccount}:parked`;
  const url = await makeQueue('events', {
    VisibilityTimeout: '10',
    RedrivePolicy: JSON.stringify({ deadLetterTargetArn, maxReceiveCount: 2 }),
  });
  await client.send(new SendMessageCommand({ QueueUrl: url, MessageBody: 'poison' }));
  for (const seen of [['poison'], ['poison'], []]) {
    expect(await bodies(url)).toEqual(seen);
    await clock.advance(10_000);
  }
  expect(await bodies(await makeQueue('parked'))).toEqual(['poison']);
  const { Attributes } = await client.send(
    new GetQueueAttributesCommand({ QueueUrl: url, AttributeNames: ['ApproximateNumberOfMessages', 'QueueArn'] }),
  );
  expect(Attributes).toEqual({
    ApproximateNumberOfMessages: '0',
    QueueArn: `arn:aws:sqs:${region}:${defaultAccount}:events`,
  });
});

test('a queue that is not there, and what no queue takes, are refused as SQS does', async () => {
  const nowhere = client.send(new ReceiveMessageCommand({ QueueUrl: `${fake.url}/${defaultAccount}/none` }));
  await expect(nowhere).rejects.toMatchObject({ name: 'QueueDoesNotExist' });
  const url = await makeQueue('events');
  const eleven = client.send(new ReceiveMessageCommand({ QueueUrl: url, MaxNumberOfMessages: 11 }));
  await expect(eleven).rejects.toMatchObject({ name: 'InvalidParameterValue' });
  const twice = ['0', '0'].map((Id) => ({ Id, ReceiptHandle: 'x' }));
  const batch = client.send(new DeleteMessageBatchCommand({ QueueUrl: url, Entries: twice }));
  await expect(batch).rejects.toMatchObject({ name: 'BatchEntryIdsNotDistinct' });
});
