/** SQS, as far as a standard queue and its dead letters go. */
import { createHash } from 'node:crypto';
import type {
  ChangeMessageVisibilityRequest,
  CreateQueueRequest,
  CreateQueueResult,
  DeleteMessageBatchRequest,
  DeleteMessageBatchResult,
  DeleteMessageRequest,
  GetQueueAttributesRequest,
  GetQueueAttributesResult,
  GetQueueUrlRequest,
  GetQueueUrlResult,
  ReceiveMessageRequest,
  ReceiveMessageResult,
  SendMessageRequest,
  SendMessageResult,
} from '@aws-sdk/client-sqs';
import { AwsError } from '../aws-error.ts';
import type { Call, Service } from '../service.ts';
import type { Site } from '../site.ts';
import type { Queue } from './queue-store.ts';

const maxBatch = 10;
const maxWaitSeconds = 20;
const maxVisibilitySeconds = 43_200;
const maxBytes = 1_048_576;

const urlOf = (site: Site, { name }: Pick<Queue, 'name'>) => `${site.world.url}/${site.account}/${name}`;
const md5 = (text: string) => createHash('md5').update(text).digest('hex');

function within(name: string, value: number, least: number, most: number): number {
  if (value >= least && value <= most) return value;
  const text = `Value ${value} for parameter ${name} is invalid. Reason: Must be between ${least} and ${most}, if provided.`;
  throw new AwsError('InvalidParameterValue', text);
}

function createQueue({ QueueName: name = '', Attributes = {} }: CreateQueueRequest, { site }: Call): CreateQueueResult {
  if (!/^[A-Za-z0-9_-]{1,80}$/.test(name)) {
    const text = 'Can only include alphanumeric characters, hyphens, or underscores. 1 to 80 in length';
    throw new AwsError('InvalidParameterValue', text);
  }
  const known = site.queues.queues.get(name);
  const differs = known && Object.entries(Attributes).some(([key, value]) => known.attributes[key] !== value);
  if (differs) throw new AwsError('QueueNameExists', 'A queue already exists with the same name and other attributes.');
  const attributes = Object.fromEntries(Object.entries(Attributes).map(([key, value]) => [key, value ?? '']));
  return { QueueUrl: urlOf(site, known ?? site.queues.add(name, attributes)) };
}

function getQueueUrl({ QueueName = '' }: GetQueueUrlRequest, { site }: Call): GetQueueUrlResult {
  return { QueueUrl: urlOf(site, site.queues.find(QueueName)) };
}

function getQueueAttributes(
  { QueueUrl, AttributeNames = [] }: GetQueueAttributesRequest,
  { site }: Call,
): GetQueueAttributesResult {
  const queue = site.queues.byUrl(QueueUrl);
  const now = site.world.clock.now();
  const visible = queue.messages.filter(({ visibleAtMs }) => visibleAtMs <= now).length;
  const all: Record<string, string> = {
    ...queue.attributes,
    QueueArn: queue.arn,
    ApproximateNumberOfMessages: String(visible),
    ApproximateNumberOfMessagesNotVisible: String(queue.messages.length - visible),
    ApproximateNumberOfMessagesDelayed: '0',
  };
  const wanted = (name: string) => AttributeNames.some((each) => each === 'All' || each === name);
  return { Attributes: Object.fromEntries(Object.entries(all).filter(([name]) => wanted(name))) };
}

function sendMessage({ QueueUrl, MessageBody = '' }: SendMessageRequest, { site }: Call): SendMessageResult {
  if (Buffer.byteLength(MessageBody) > maxBytes) {
    throw new AwsError(
      'InvalidParameterValue',
      `One or more parameters are invalid. Reason: Message must be shorter than ${maxBytes} bytes.`,
    );
  }
  const { id } = site.queues.byUrl(QueueUrl).send(MessageBody);
  return { MessageId: id, MD5OfMessageBody: md5(MessageBody) };
}

async function receiveMessage(input: ReceiveMessageRequest, { site }: Call): Promise<ReceiveMessageResult> {
  const queue = site.queues.byUrl(input.QueueUrl);
  const most = within('MaxNumberOfMessages', input.MaxNumberOfMessages ?? 1, 1, maxBatch);
  const queueSeconds = Number(queue.attributes.ReceiveMessageWaitTimeSeconds ?? 0);
  const waitSeconds = within('WaitTimeSeconds', input.WaitTimeSeconds ?? queueSeconds, 0, maxWaitSeconds);
  const messages = await queue.receive(most, waitSeconds * 1000, input.VisibilityTimeout);
  if (messages.length === 0) return {};
  const Messages = messages.map(({ id, body, handle }) => ({
    MessageId: id,
    Body: body,
    MD5OfBody: md5(body),
    ReceiptHandle: handle,
  }));
  return { Messages };
}

function deleteMessage({ QueueUrl, ReceiptHandle = '' }: DeleteMessageRequest, { site }: Call): void {
  site.queues.byUrl(QueueUrl).delete(ReceiptHandle);
}

function deleteMessageBatch(
  { QueueUrl, Entries = [] }: DeleteMessageBatchRequest,
  { site }: Call,
): DeleteMessageBatchResult {
  const queue = site.queues.byUrl(QueueUrl);
  if (Entries.length === 0) throw new AwsError('EmptyBatchRequest', 'There should be at least one entry.');
  if (Entries.length > maxBatch)
    throw new AwsError('TooManyEntriesInBatchRequest', `Maximum number of entries is ${maxBatch}.`);
  const ids = Entries.map(({ Id = '' }) => Id);
  if (new Set(ids).size < ids.length) throw new AwsError('BatchEntryIdsNotDistinct', 'Ids must be distinct.');
  for (const { ReceiptHandle = '' } of Entries) queue.delete(ReceiptHandle);
  return { Successful: ids.map((Id) => ({ Id })), Failed: [] };
}

function changeMessageVisibility(input: ChangeMessageVisibilityRequest, { site }: Call): void {
  const seconds = within('VisibilityTimeout', input.VisibilityTimeout ?? 0, 0, maxVisibilitySeconds);
  site.queues.byUrl(input.QueueUrl).changeVisibility(input.ReceiptHandle ?? '', seconds);
}

export const sqs: Service = {
  iamName: 'sqs',
  signingName: 'sqs',
  modelName: 'sqs',
  sdkPackage: '@aws-sdk/client-sqs',
  // Since 2023 it speaks JSON; the model that Debian ships is from before.
  metadata: { protocol: 'json', targetPrefix: 'AmazonSQS', jsonVersion: '1.0' },
  invalidCode: ({ kind }) => (kind === 'required' ? 'MissingParameter' : 'InvalidParameterValue'),
  resource: (_operation, { QueueUrl, QueueName }, site) => {
    const name = String(QueueName ?? '') || new URL(String(QueueUrl ?? 'http://none/')).pathname.split('/').at(-1);
    return name ? site.arn('sqs', name) : '*';
  },
  handlers: {
    CreateQueue: createQueue,
    GetQueueUrl: getQueueUrl,
    GetQueueAttributes: getQueueAttributes,
    SendMessage: sendMessage,
    ReceiveMessage: receiveMessage,
    DeleteMessage: deleteMessage,
    DeleteMessageBatch: deleteMessageBatch,
    ChangeMessageVisibility: changeMessageVisibility,
  },
};
