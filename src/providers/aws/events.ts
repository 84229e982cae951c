/**
 * "ECS Task State Change" as EventBridge tells it: at least once, and in no order. What comes is read and nothing else; a
 * version says whether it is news, and ECS is asked what is so.
 */
import { z } from 'zod';
import { AppError } from '../../domain/errors.ts';
import type { EventPort, ProviderEvent } from '../provider.ts';
import { readHome } from './naming.ts';
import { followQueue } from './queue.ts';
import { versionOf } from './runs/observation.ts';
import type { Site } from './site.ts';

const envelope = z.object({ source: z.string(), 'detail-type': z.string(), detail: z.record(z.string(), z.unknown()) });

/** The event has much more of it, which DescribeTasks says as well and of which it may be a late word. */
const taskChange = z.object({
  clusterArn: z.string().regex(/^arn:[^:]+:ecs:/),
  taskArn: z.string().regex(/^arn:[^:]+:ecs:/),
  startedBy: z.string().optional(),
  version: z.number().int().min(0).max(999_999),
  lastStatus: z.string(),
});

export function eventsOf(site: Site): EventPort {
  const read = (text: string) => readEvent(site, text);
  const { eventsQueue: queue } = site.settings;
  return { read, ...(queue !== null && { follow: (call) => followQueue(site, queue, read, call) }) };
}

/** Null for other kinds of events, and for tasks of others. Throws invalid for what AWS does not send. */
export function readEvent({ prefix }: Pick<Site, 'prefix'>, text: string): ProviderEvent | null {
  const event = parse(envelope, toJson(text));
  if (event.source !== 'aws.ecs' || event['detail-type'] !== 'ECS Task State Change') return null;
  const { clusterArn, startedBy, version, lastStatus } = parse(taskChange, event.detail);
  const home = readHome({ prefix }, clusterArn, startedBy);
  if (!home) return null;
  const { attempt, ...run } = home;
  return { ...run, version: versionOf(attempt, version), news: lastStatus === 'STOPPED' ? 'ended' : 'changed' };
}

function toJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch (error) {
    throw new AppError('invalid', 'An event is no JSON', { cause: error });
  }
}

function parse<T>(schema: z.ZodType<T>, value: unknown): T {
  const { data, error } = schema.safeParse(value);
  if (error) {
    const wrong = error.issues.map(({ path, message }) => `${path.join('.') || 'it'}: ${message}`).join('; ');
    throw new AppError('invalid', `An event is not as EventBridge sends it: ${wrong}`);
  }
  return data as T;
}
