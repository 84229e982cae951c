/** Tickets: what a browser puts into a URL where it cannot send a header. */
import { createRoute } from '@hono/zod-openapi';
import { z } from 'zod';
import type { Deps } from '../../context.ts';
import { createTicket } from '../../services/authentication.ts';
import { answers, idempotencyKey, json } from './openapi.ts';
import type { V1 } from './router.ts';

const ticketView = z
  .object({
    ticket: z.string().nullable().describe('Shown once; null in a replay'),
    expiresInSeconds: z.int(),
  })
  .meta({ id: 'Ticket' });

const route = createRoute({
  method: 'post',
  path: '/tickets',
  operationId: 'createTicket',
  tags: ['tickets'],
  summary: 'Get a ticket for one WebSocket or event stream, with the rights of the key',
  request: { headers: idempotencyKey },
  responses: answers({ 201: json(ticketView, 'Good for one connection') }, 409, 422),
});

export function ticketRoutes(app: V1, deps: Deps): void {
  app.openapi(route, async (c) => {
    const created = await createTicket(deps, c.get('ctx').principal);
    c.set('storedAnswer', { ...created, ticket: null });
    return c.json(created, 201);
  });
}
