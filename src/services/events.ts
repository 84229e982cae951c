/** A tenant's events: a page of them, or all of them as they come, from any number on. */
import type { Ctx, Deps } from '../context.ts';
import { type EventFilter, type EventPage, readEvents } from '../db/events.ts';
import { AppError } from '../domain/errors.ts';
import type { TenantEvent } from '../domain/event.ts';
import { openFeed } from './event-feed.ts';

export type { EventFilter, TenantEvent };

const POLL_MS = 1000;
const QUIET_MS = 15_000;
const PAGE = 500;

/** The number behind which to begin; `latest` = the newest there is now. Undefined = with the oldest that is kept. */
export type EventCursor = number | 'latest' | undefined;

export type EventNotice =
  | { kind: 'event'; event: TenantEvent }
  /** Those from `after` to before `oldest` were purged: what the reader knows may be out of date. */
  | { kind: 'gap'; after: number; oldest: number }
  /** Nothing happened for a while; also the first notice of all. */
  | { kind: 'quiet' };

/** In the order of their numbers. Throws invalid for a cursor that is ahead of every event. */
export async function listEvents(
  deps: Deps,
  ctx: Ctx,
  cursor: EventCursor,
  limit: number,
  filter: EventFilter,
): Promise<{ items: TenantEvent[]; nextCursor: number }> {
  const page = await readEvents(deps.db, ctx.principal.tenantId, numberOf(cursor), limit, filter);
  checkCursor(cursor, page);
  return { items: page.events, nextCursor: page.next };
}

/** Until the signal aborts. An outage of the database is waited out, once the stream has begun. Throws as listEvents does. */
export async function* followEvents(
  deps: Deps,
  ctx: Ctx,
  cursor: EventCursor,
  filter: EventFilter,
  signal: AbortSignal,
): AsyncGenerator<EventNotice, void> {
  const { tenantId } = ctx.principal;
  using feed = openFeed(deps, tenantId);
  let page: EventPage | null = await readEvents(deps.db, tenantId, numberOf(cursor), PAGE, filter);
  checkCursor(cursor, page);
  yield { kind: 'quiet' };
  let after = cursor === undefined ? page.oldest - 1 : cursor === 'latest' ? page.head : cursor;
  let spokenAt = deps.clock.now();
  while (!signal.aborted) {
    if (page) {
      if (page.oldest > after + 1) yield { kind: 'gap', after, oldest: page.oldest };
      for (const event of page.events) yield { kind: 'event', event };
      if (page.events.length > 0) spokenAt = deps.clock.now();
      after = page.next;
    }
    const mayHaveMore: boolean = page?.events.length === PAGE;
    const fed: TenantEvent[] | null = mayHaveMore ? null : feed.after(after);
    if (fed?.length === 0 || (fed === null && !mayHaveMore)) await feed.more(POLL_MS, signal);
    if (deps.clock.now() - spokenAt >= QUIET_MS) {
      yield { kind: 'quiet' };
      spokenAt = deps.clock.now();
    }
    page =
      fed === null ? await unlessAway(readEvents(deps.db, tenantId, after, PAGE, filter)) : fedPage(fed, after, filter);
  }
}

function fedPage(fed: TenantEvent[], after: number, filter: EventFilter): EventPage {
  const next = fed.at(-1)?.seq ?? after;
  return { events: fed.filter((event) => matches(event, filter)), next, head: next, oldest: after + 1 };
}

const matches = ({ kind, type, resourceId }: TenantEvent, wanted: EventFilter): boolean =>
  (wanted.kind ?? kind) === kind && (wanted.type ?? type) === type && (wanted.resourceId ?? resourceId) === resourceId;

const numberOf = (cursor: EventCursor): number | null => (cursor === 'latest' ? null : (cursor ?? 0));

function checkCursor(cursor: EventCursor, { head }: EventPage): void {
  if (typeof cursor !== 'number' || cursor <= head) return;
  const message = `is ahead of the newest event, which is ${head}`;
  throw new AppError('invalid', `after: ${message}`, { details: { fields: [{ path: 'after', message }] } });
}

async function unlessAway(reading: Promise<EventPage>): Promise<EventPage | null> {
  try {
    return await reading;
  } catch (error) {
    if (error instanceof AppError && error.code === 'unavailable') return null;
    throw error;
  }
}
