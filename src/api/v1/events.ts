/** The route of a tenant's events: a resumable stream, or a page. */
import { createRoute } from '@hono/zod-openapi';
import { accepts } from 'hono/accepts';
import { z } from 'zod';
import type { Deps } from '../../context.ts';
import { eventKinds } from '../../domain/event.ts';
import { actorKinds } from '../../domain/principal.ts';
import { type EventNotice, followEvents, listEvents, type TenantEvent } from '../../services/events.ts';
import type { Streams } from '../../services/streams.ts';
import { encodeEach, serverSentEvent, sseComment } from '../encoding.ts';
import { streamed } from '../streaming.ts';
import { answers, optionalFlag, ticketQuery } from './openapi.ts';
import type { V1 } from './router.ts';

const jsonType = 'application/json';
const sseType = 'text/event-stream';

const lastEventId = z
  .string()
  .regex(/^\d{1,15}$/, 'must be the number of an event')
  .transform(Number);
const after = z
  .string()
  .regex(/^(latest|\d{1,15})$/, 'must be "latest" or the number of an event')
  .transform((given) => (given === 'latest' ? given : Number(given)));

const eventView = z
  .object({
    seq: z.int().describe('Numbers of a tenant have no holes'),
    at: z.iso.datetime(),
    kind: z.enum(eventKinds),
    type: z.string().describe('What happened: accepted.start, started, exited, pulled …'),
    resourceId: z.string(),
    name: z.string(),
    actor: z.object({ kind: z.enum(actorKinds), id: z.string() }),
    cause: z.string().describe('Why: request, exit, restart policy …'),
    data: z.record(z.string(), z.union([z.string(), z.number(), z.boolean(), z.null()])),
  })
  .meta({ id: 'Event' });

const route = createRoute({
  method: 'get',
  path: '/events',
  operationId: 'readEvents',
  tags: ['events'],
  summary: 'Follow what happens, or read a page of what did',
  description: `As server-sent events each id is the event's number, with which a client that comes back goes on
(\`Last-Event-ID\`, before \`after\`). \`event: gap\` with \`{"after","oldest"}\` says that the events in between are not kept
any more. A JSON page's \`nextCursor\` goes into \`after\`.`,
  request: {
    headers: z.object({ 'last-event-id': lastEventId.optional() }),
    query: z.strictObject({
      ...ticketQuery,
      after: after
        .optional()
        .describe('Begin behind this number; "latest": only what is new. Absent: with the oldest that is kept'),
      follow: optionalFlag.describe('Off: a JSON page, as with "Accept: application/json"'),
      kind: z.enum(eventKinds).optional(),
      type: z.string().min(1).max(64).optional(),
      resourceId: z.string().min(1).max(256).optional(),
      limit: z.coerce.number().int().min(1).max(1000).default(100).describe('Of a JSON page'),
    }),
  },
  responses: answers({
    200: {
      description: 'Events in the order of their numbers',
      content: {
        [sseType]: { schema: z.string() },
        [jsonType]: { schema: z.object({ items: z.array(eventView), nextCursor: z.int() }).meta({ id: 'EventPage' }) },
      },
    },
  }),
});

export function eventRoutes(app: V1, deps: Deps, streams: Streams): void {
  app.openapi(route, async (c) => {
    const ctx = c.get('ctx');
    const { after, follow = true, limit, kind, type, resourceId } = c.req.valid('query');
    const cursor = c.req.valid('header')['last-event-id'] ?? after;
    const filter = { kind, type, resourceId };
    const wanted = accepts(c, { header: 'Accept', supports: [sseType, jsonType], default: sseType });
    if (!follow || wanted === jsonType) {
      const { items, nextCursor } = await listEvents(deps, ctx, cursor, limit, filter);
      return c.json({ items: items.map(viewEvent), nextCursor }, 200);
    }
    return streamed(c, deps, streams, {
      contentType: sseType,
      resumes: true,
      open: async (signal) => encodeEach(followEvents(deps, ctx, cursor, filter, signal), encodeNotice),
    });
  });
}

function viewEvent({ seq, at, kind, type, resourceId, name, actor, cause, data }: TenantEvent) {
  return { seq, at: at.toISOString(), kind, type, resourceId, name, actor, cause, data };
}

function encodeNotice(notice: EventNotice): Uint8Array {
  switch (notice.kind) {
    case 'event':
      return serverSentEvent({ id: notice.event.seq, data: viewEvent(notice.event) });
    case 'gap':
      return serverSentEvent({
        id: notice.oldest - 1,
        event: 'gap',
        data: { after: notice.after, oldest: notice.oldest },
      });
    case 'quiet':
      return sseComment('nothing new');
  }
}
