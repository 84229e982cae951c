/** GET /events: a tenant's own, in Docker's words, as they happened and as they come. */
import type { Ctx, Deps } from '../../context.ts';
import { AppError } from '../../domain/errors.ts';
import type { TenantEvent } from '../../domain/event.ts';
import { parseMoment, resolveMoment } from '../../domain/moment.ts';
import { recallContainer } from '../../services/containers.ts';
import { requireImage } from '../../services/images.ts';
import { type EventSpan, eventsBetween } from '../../services/past-events.ts';
import { eventFilters, passes } from './event-filters.ts';
import { type EventSubject, toMessages } from './event-views.ts';
import type { Filters, Query } from './query.ts';
import { type Handler, streaming } from './request.ts';

/** Of so many objects a stream remembers what it shows of them. */
const REMEMBERED = 500;

export const events: Handler = async (door, request) => {
  const { deps } = door;
  const { ctx, query } = request;
  const filters = query.filters(eventFilters);
  const now = deps.clock.now();
  const span = { since: momentOf(query, 'since', now), until: momentOf(query, 'until', now) };
  return {
    status: 200,
    headers: { 'content-type': 'application/json' },
    stream: streaming(door, request, (signal) => lines(deps, ctx, span, filters, signal)),
  };
};

function momentOf(query: Query, name: string, nowMs: number): number | undefined {
  const text = query.text(name);
  if (text === undefined) return undefined;
  const seconds = resolveMoment(parseMoment(text) ?? undefined, nowMs);
  if (seconds === undefined) throw new AppError('invalid', `Invalid value for ${name}: ${JSON.stringify(text)}`);
  return seconds;
}

async function* lines(deps: Deps, ctx: Ctx, span: EventSpan, filters: Filters, signal: AbortSignal) {
  const subjectOf = remembering((event) => lookUp(deps, ctx, event));
  for await (const event of eventsBetween(deps, ctx, span, signal)) {
    for (const message of toMessages(event, await subjectOf(event))) {
      if (passes(message, filters)) yield Buffer.from(`${JSON.stringify(message)}\n`);
    }
  }
}

function remembering(find: (event: TenantEvent) => Promise<EventSubject | null>) {
  const known = new Map<string, EventSubject | null>();
  return async (event: TenantEvent): Promise<EventSubject | null> => {
    const key = `${event.kind} ${event.resourceId}`;
    const found = known.get(key);
    if (found !== undefined) return found;
    const subject = await find(event);
    known.set(key, subject);
    const [oldest] = known.keys();
    if (known.size > REMEMBERED && oldest !== undefined) known.delete(oldest);
    return subject;
  };
}

/** Null where there is nothing more to tell, or no row that tells it any more. */
async function lookUp(deps: Deps, ctx: Ctx, { kind, resourceId }: TenantEvent): Promise<EventSubject | null> {
  try {
    if (kind === 'container') {
      const { spec } = await recallContainer(deps, ctx, resourceId);
      return { labels: spec.labels, image: spec.image, stopSignal: spec.stop.signal ?? null };
    }
    if (kind !== 'image') return null;
    const { config } = await requireImage(deps, ctx, resourceId);
    return { labels: config.labels, image: null, stopSignal: null };
  } catch (error) {
    if (error instanceof AppError && error.code === 'not_found') return null;
    throw error;
  }
}
