/** The long poll for a container's state. */
import { createRoute } from '@hono/zod-openapi';
import { z } from 'zod';
import type { Deps } from '../../context.ts';
import type { Streams } from '../../services/streams.ts';
import { waitConditions, waitForContainer } from '../../services/wait.ts';
import { containerView, viewContainer } from './container-views.ts';
import { containerPath } from './containers.ts';
import { answers, json } from './openapi.ts';
import type { V1 } from './router.ts';

const route = createRoute({
  method: 'get',
  path: '/containers/{container}/wait',
  operationId: 'waitForContainer',
  tags: ['containers'],
  summary: 'Wait until it runs, has exited or is removed',
  request: {
    params: containerPath,
    query: z.strictObject({
      condition: z.enum(waitConditions).default('exited').describe('A removed or failed container has exited as well'),
      timeoutSeconds: z.coerce.number().int().min(0).max(300).default(30),
    }),
  },
  responses: answers(
    {
      200: json(
        containerView
          .extend({ met: z.boolean().describe('False when the time was over before the condition was met') })
          .meta({ id: 'WaitResult' }),
        'The container as it was seen last',
      ),
    },
    404,
  ),
});

export function waitRoutes(app: V1, deps: Deps, streams: Streams): void {
  app.openapi(route, async (c) => {
    const ctx = c.get('ctx');
    const stream = streams.open(ctx);
    try {
      const { container: reference } = c.req.valid('param');
      const { container, met } = await waitForContainer(deps, ctx, reference, c.req.valid('query'), stream.signal);
      return c.json({ ...viewContainer(container), met }, 200);
    } finally {
      stream.end();
    }
  });
}
