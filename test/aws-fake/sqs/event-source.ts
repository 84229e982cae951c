/** Lambda's poller of a queue: batches to a function, and what the function does not complain of is deleted. */
import type { SQSBatchResponse, SQSEvent } from 'aws-lambda';
import type { Queue } from './queue-store.ts';

/** Invoked with what a queue has; throwing means that none of the batch was done. */
export type QueueFunction = (event: SQSEvent) => Promise<SQSBatchResponse>;

const region = 'eu-west-1';

/** Until nothing can be seen in the queue any more. Answers how many invocations that took. */
export async function drainTo(queue: Queue, run: QueueFunction, batchSize = 10): Promise<number> {
  for (let invocations = 0; ; invocations++) {
    const messages = await queue.receive(batchSize, 0);
    if (messages.length === 0) return invocations;
    const Records = messages.map(({ id, body, handle, receives, sentAtMs }) => ({
      messageId: id,
      receiptHandle: handle,
      body,
      attributes: {
        ApproximateReceiveCount: String(receives),
        SentTimestamp: String(sentAtMs),
        SenderId: 'events.amazonaws.com',
        ApproximateFirstReceiveTimestamp: String(sentAtMs),
      },
      messageAttributes: {},
      md5OfBody: '',
      eventSource: 'aws:sqs',
      eventSourceARN: queue.arn,
      awsRegion: region,
    }));
    const { batchItemFailures } = await run({ Records }).catch(() => ({
      batchItemFailures: messages.map(({ id }) => ({ itemIdentifier: id })),
    }));
    const failed = new Set(batchItemFailures.map(({ itemIdentifier }) => itemIdentifier));
    for (const { id, handle } of messages) if (!failed.has(id)) queue.delete(handle);
  }
}
