/**
 * A queue of SQS that events come through, polled by a process that lives. A message goes when what it asks for is on record;
 * what nobody can read is left in it, for the queue's own rule to park.
 */
import {
  DeleteMessageBatchCommand,
  type Message,
  ReceiveMessageCommand,
  type ReceiveMessageCommandOutput,
} from '@aws-sdk/client-sqs';
import type { CallOptions, EventBatch, ProviderEvent } from '../provider.ts';
import { ask, type Site } from './site.ts';

const mostAtOnce = 10;
/** For so long a poll waits for the first message: the longest that SQS allows. */
const pollSeconds = 20;
const deleteMs = 15_000;
const outageMs = 5_000;
const subject = { noun: 'queue of events' };

export async function* followQueue(
  site: Site,
  url: string,
  read: (text: string) => ProviderEvent | null,
  { signal }: CallOptions,
): AsyncGenerator<EventBatch, void, void> {
  while (!signal.aborted) {
    try {
      const messages = await receive(site, url, signal);
      const { batch, ignored } = sort(site, url, messages, read);
      await remove(site, url, ignored);
      if (batch.events.length > 0) yield batch;
    } catch (error) {
      if (signal.aborted) return;
      site.log('the queue of events cannot be read', { err: error });
      await site.clock.sleep(outageMs, signal);
    }
  }
}

async function receive(site: Site, url: string, signal: AbortSignal): Promise<Message[]> {
  const command = new ReceiveMessageCommand({
    QueueUrl: url,
    MaxNumberOfMessages: mostAtOnce,
    WaitTimeSeconds: pollSeconds,
  });
  const send = (http: { abortSignal: AbortSignal }) => site.clients.sqs.send(command, http);
  const answer: ReceiveMessageCommandOutput = await ask(
    site,
    { action: 'sqs:ReceiveMessage', subject, send },
    { signal },
  );
  return answer.Messages ?? [];
}

function sort(site: Site, url: string, messages: Message[], read: (text: string) => ProviderEvent | null) {
  const handles = new Map<ProviderEvent, string>();
  const ignored: string[] = [];
  for (const { Body = '', ReceiptHandle = '', MessageId } of messages) {
    try {
      const event = read(Body);
      if (event) handles.set(event, ReceiptHandle);
      else ignored.push(ReceiptHandle);
    } catch (error) {
      site.log('a message in the queue of events is none', { message: MessageId, err: error });
    }
  }
  const taken = (events: ProviderEvent[]) =>
    remove(
      site,
      url,
      events.map((event) => handles.get(event) ?? ''),
    );
  const batch: EventBatch = { events: [...handles.keys()], taken };
  return { batch, ignored };
}

/** What is not removed for whatever reason comes again, which changes nothing. */
async function remove(site: Site, url: string, handles: string[]): Promise<void> {
  if (handles.length === 0) return;
  const Entries = handles.map((ReceiptHandle, at) => ({ Id: String(at), ReceiptHandle }));
  const command = new DeleteMessageBatchCommand({ QueueUrl: url, Entries });
  const send = (http: { abortSignal: AbortSignal }) => site.clients.sqs.send(command, http);
  const call = { signal: AbortSignal.timeout(deleteMs) };
  const { Failed = [] } = await ask(site, { action: 'sqs:DeleteMessage', subject, send }, call);
  if (Failed.length > 0) site.log('messages of the queue of events come again', { failed: Failed.length });
}
