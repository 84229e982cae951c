/** The operator's routes about objects at the provider that no row explains. */
import { createRoute } from '@hono/zod-openapi';
import { z } from 'zod';
import type { Deps } from '../../context.ts';
import { listOrphans, releaseOrphans } from '../../services/orphans.ts';
import { answers, idempotencyKey, json, jsonBody } from './openapi.ts';
import type { V1 } from './router.ts';

const tags = ['orphans'];

const orphansView = z
  .object({
    held: z.boolean().describe('They are too many for one sweep, which removes none of them until they are released'),
    owned: z.int().describe("How many objects carry this installation's mark"),
    items: z.array(
      z.object({
        kind: z.enum(['container', 'network', 'volume', 'image']),
        key: z.string().describe("The object's name at the provider"),
        tenantId: z.string().describe('As its label says'),
        containerId: z.string().nullable(),
        incarnation: z.int().nullable(),
      }),
    ),
  })
  .meta({ id: 'Orphans' });

const list = createRoute({
  method: 'get',
  path: '/orphans',
  operationId: 'listOrphans',
  tags,
  summary: 'List what the next sweep would remove from the provider',
  responses: answers({ 200: json(orphansView, 'Objects of removed containers, and those that nothing explains') }, 504),
});

const release = createRoute({
  method: 'post',
  path: '/orphans/release',
  operationId: 'releaseOrphans',
  tags,
  summary: 'Remove them once, however many they are',
  description:
    'A sweep that would remove more than 10 objects and more than 5 % of all removes none: mostly the database was restored.',
  request: {
    headers: idempotencyKey,
    body: jsonBody(
      z
        .strictObject({ count: z.int().min(0).describe('How many were listed: others are not removed unseen') })
        .meta({ id: 'ReleaseOrphans' }),
    ),
  },
  responses: answers(
    {
      200: json(
        z.object({ removed: z.int(), left: z.int().describe('Could not be removed') }).meta({ id: 'ReleasedOrphans' }),
        'Done',
      ),
    },
    ...([409, 413, 422, 504] as const),
  ),
});

export function orphanRoutes(app: V1, deps: Deps): void {
  app.openapi(list, async (c) => {
    const { owned, doomed, isHeld } = await listOrphans(deps, c.get('operatorCtx'));
    const items = doomed.map(({ kind, key, tenantId, containerId, incarnation }) => {
      return { kind, key, tenantId, containerId, incarnation };
    });
    return c.json({ held: isHeld, owned: owned.length, items }, 200);
  });
  app.openapi(release, async (c) =>
    c.json(await releaseOrphans(deps, c.get('operatorCtx'), c.req.valid('json').count), 200),
  );
}
