/** What the provider tells by itself: each event once, as a reason to look. */
import type { Deps } from '../context.ts';
import { markEvents } from '../db/provider-events.ts';
import { containerTopic, DUE_TOPIC } from '../domain/wakeups.ts';
import type { EventBatch, ProviderEvent } from '../providers/provider.ts';
import { isLookedAt } from './hints.ts';

/** Makes due what they are about, where they are news. Answers how many containers that is. */
export async function heedEvents(deps: Deps, events: ProviderEvent[]): Promise<number> {
  const due = await markEvents(deps.db, events);
  for (const id of due) deps.wakeups.wake(containerTopic(id));
  if (due.length > 0) deps.wakeups.wake(DUE_TOPIC);
  return due.length;
}

/** The same where others in this process may be at work on them. What could not be put on record comes again. Never rejects. */
export async function takeBatch(deps: Deps, { events, taken }: EventBatch): Promise<void> {
  const ends = await Promise.allSettled(
    events.map(async (event) => {
      if (!(await isLookedAt(deps, event))) await heedEvents(deps, [event]);
    }),
  );
  const end = taken(events.filter((_, at) => ends[at]?.status === 'fulfilled'));
  const lost = [...ends, ...(await Promise.allSettled([end]))].find(({ status }) => status === 'rejected');
  if (lost?.status === 'rejected') deps.log.warn({ err: lost.reason }, 'events could not be taken; they come again');
}
