/** Events between two points in time: what is kept of the past, and then what comes. */
import type { Ctx, Deps } from '../context.ts';
import { numberBefore } from '../db/events.ts';
import type { TenantEvent } from '../domain/event.ts';
import { eventsTopic } from '../domain/wakeups.ts';
import { followEvents, listEvents } from './events.ts';

const POLL_MS = 1000;
const PAGE = 500;

/** Unix seconds. Without `since` from now on, or from the oldest that is kept where `until` is given; without `until` for ever. */
export interface EventSpan {
  since?: number | undefined;
  until?: number | undefined;
}

export async function* eventsBetween(
  deps: Deps,
  ctx: Ctx,
  { since, until }: EventSpan,
  signal: AbortSignal,
): AsyncGenerator<TenantEvent, void> {
  const { tenantId } = ctx.principal;
  const from = since === undefined ? undefined : await numberBefore(deps.db, tenantId, new Date(since * 1000));
  if (until === undefined) {
    for await (const notice of followEvents(deps, ctx, since === undefined ? 'latest' : from, {}, signal)) {
      if (notice.kind === 'event') yield notice.event;
    }
    return;
  }
  const endsAt = until * 1000;
  for (let after = from ?? 0; !signal.aborted; ) {
    const leftMs = endsAt - deps.clock.now();
    const { items, nextCursor } = await listEvents(deps, ctx, after, PAGE, {});
    for (const event of items) {
      if (event.at.getTime() > endsAt) return;
      yield event;
    }
    after = nextCursor;
    if (items.length === PAGE) continue;
    if (leftMs <= 0) return;
    await deps.wakeups.wait(eventsTopic(tenantId), Math.min(POLL_MS, leftMs), signal);
  }
}
