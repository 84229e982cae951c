/** The function that a queue of ECS's task state changes invokes. A wrong or missing setting fails its start. */
import { background } from '../lambda/background.ts';
import { takeQueueBatch } from '../lambda/queue-batch.ts';
import { parseFunctionConfig } from '../lambda/settings.ts';

export const handler = background(parseFunctionConfig(process.env), takeQueueBatch);
