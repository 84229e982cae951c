/** A batch of messages as Lambda's poller of SQS hands it over. */
import type { SQSBatchResponse, SQSEvent } from 'aws-lambda';
import type { Deps } from '../context.ts';
import type { ProviderEvent } from '../providers/provider.ts';
import { carryOn } from '../reconcile/bounded.ts';

/**
 * Messages that are no events fail alone, so that the queue parks them; those of nothing that is ours are done with. Throws when
 * the others could not be put on record: then all of them come again.
 */
export async function takeQueueBatch(
  deps: Deps,
  { Records: records }: SQSEvent,
  remainingMs: () => number,
): Promise<SQSBatchResponse> {
  const events: ProviderEvent[] = [];
  const batchItemFailures: SQSBatchResponse['batchItemFailures'] = [];
  for (const { messageId, body } of records) {
    try {
      const event = deps.provider.events?.read(body);
      if (event) events.push(event);
    } catch (error) {
      deps.log.error({ err: error, message: messageId }, 'a message is no event; the queue will park it');
      batchItemFailures.push({ itemIdentifier: messageId });
    }
  }
  const { turns } = await carryOn(deps, events, remainingMs);
  deps.log.info({ messages: records.length, events: events.length, turns }, 'took events');
  return { batchItemFailures };
}
