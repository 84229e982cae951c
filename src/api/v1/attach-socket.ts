/** The route to a container's own input and output. */
import { createRoute } from '@hono/zod-openapi';
import { z } from 'zod';
import type { Deps } from '../../context.ts';
import { attachContainer } from '../../services/attach.ts';
import { authorize } from '../../services/authorize.ts';
import { getContainer } from '../../services/containers.ts';
import type { Streams } from '../../services/streams.ts';
import { containerPath } from './containers.ts';
import { answers, flag, ticketQuery } from './openapi.ts';
import type { V1 } from './router.ts';
import { sessionFrames, sessionSocket } from './session-socket.ts';

const route = createRoute({
  method: 'get',
  path: '/containers/{container}/attach/ws',
  operationId: 'openAttachSocket',
  tags: ['containers'],
  summary: 'Attach to its input and output, over a WebSocket',
  description: `Also before its first start: nothing that it writes from then on is lost. The exit code comes when it has ended.
${sessionFrames}`,
  request: {
    params: containerPath,
    query: z.strictObject({
      ...ticketQuery,
      logs: flag.describe('What it wrote before comes first'),
      stdin: flag.describe(
        'What is sent goes to the container, which must have been created with stdin; needs an admin key',
      ),
    }),
  },
  responses: answers({ 101: { description: 'The connection is a WebSocket from here on' } }, 404),
});

export function attachSocketRoutes(app: V1, deps: Deps, streams: Streams): void {
  app.openapi(route, async (c) => {
    const ctx = c.get('ctx');
    const { container: reference } = c.req.valid('param');
    const { logs, stdin } = c.req.valid('query');
    authorize(ctx.principal, stdin ? 'write' : 'read');
    return sessionSocket(c, deps, streams, reference, async (signal) => {
      const container = await getContainer(deps, ctx, reference);
      const input = { stdin: stdin && container.spec.stdin, stdout: true, stderr: true, logs, stream: true };
      return attachContainer(deps, ctx, container, input, signal);
    });
  });
}
