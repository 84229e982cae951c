/** The route of an interactive command. */
import { createRoute } from '@hono/zod-openapi';
import { z } from 'zod';
import type { Deps } from '../../context.ts';
import { authorize } from '../../services/authorize.ts';
import { openExec } from '../../services/exec.ts';
import type { Streams } from '../../services/streams.ts';
import { containerPath } from './containers.ts';
import { execCommand, execUser, execWorkdir } from './exec.ts';
import { answers, flag, ticketQuery } from './openapi.ts';
import type { V1 } from './router.ts';
import { sessionFrames, sessionSocket, terminalSide } from './session-socket.ts';

const query = z.strictObject({
  ...ticketQuery,
  command: z
    .union([z.string(), z.array(z.string())])
    .transform((given) => [given].flat())
    .pipe(execCommand)
    .describe('Repeated: the command and its arguments'),
  tty: flag,
  user: execUser,
  workdir: execWorkdir,
  columns: terminalSide.default(80).describe('Of the terminal'),
  rows: terminalSide.default(24),
});

const route = createRoute({
  method: 'get',
  path: '/containers/{container}/exec/ws',
  operationId: 'openExecSocket',
  tags: ['containers'],
  summary: 'Run a command in it interactively, over a WebSocket',
  description: sessionFrames,
  request: { params: containerPath, query },
  responses: answers({ 101: { description: 'The connection is a WebSocket from here on' } }, 404),
});

export function execSocketRoutes(app: V1, deps: Deps, streams: Streams): void {
  app.openapi(route, async (c) => {
    const ctx = c.get('ctx');
    const { container } = c.req.valid('param');
    const { command, tty, user, workdir, columns, rows } = c.req.valid('query');
    authorize(ctx.principal, 'write');
    return sessionSocket(c, deps, streams, container, async (signal) => {
      const spec = { command, env: {}, user, workdir, stdin: true, tty };
      const session = await openExec(deps, ctx, container, spec, signal);
      if (tty) await session.resize(columns, rows);
      return session;
    });
  });
}
