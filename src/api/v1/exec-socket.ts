/** The route of an interactive command: who may open it, and the life of its WebSocket. What goes over it is exec-relay.ts. */
import { upgradeWebSocket } from '@hono/node-server';
import { createRoute } from '@hono/zod-openapi';
import type { Context } from 'hono';
import { WebSocket } from 'ws';
import { z } from 'zod';
import type { Ctx, Deps } from '../../context.ts';
import { AppError } from '../../domain/errors.ts';
import { authorize } from '../../services/authorize.ts';
import { getContainer } from '../../services/containers.ts';
import { openExec } from '../../services/exec.ts';
import type { Streams } from '../../services/streams.ts';
import type { Environment } from '../environment.ts';
import { containerPath } from './containers.ts';
import { execCommand, execUser, execWorkdir } from './exec.ts';
import { keepAlive, refuse, relay } from './exec-relay.ts';
import { answers, flag, ticketQuery } from './openapi.ts';
import type { V1 } from './router.ts';

const side = z.coerce.number().int().min(1).max(10_000);

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
  columns: side.default(80).describe('Of the terminal'),
  rows: side.default(24),
});

type ExecQuery = z.output<typeof query>;

const route = createRoute({
  method: 'get',
  path: '/containers/{container}/exec/ws',
  operationId: 'openExecSocket',
  tags: ['containers'],
  summary: 'Run a command in it interactively, over a WebSocket',
  description: `Binary frames to the server are standard input; text frames are \`{"type":"resize","columns","rows"}\` and
\`{"type":"eof"}\`. Binary frames to the client begin with 1 (stdout) or 2 (stderr), always 1 with a terminal; text frames are
\`{"type":"exit","exitCode"}\`, followed by a close with 1000, and \`{"type":"error","code","message"}\`, followed by 4000 + the
status of that error, or 1011. A browser authenticates with a ticket, and connects from our own origin only.`,
  request: { params: containerPath, query },
  responses: answers({ 101: { description: 'The connection is a WebSocket from here on' } }, 404),
});

export function execSocketRoutes(app: V1, deps: Deps, streams: Streams): void {
  app.openapi(route, async (c) => {
    const ctx = c.get('ctx');
    const { container } = c.req.valid('param');
    authorize(ctx.principal, 'write');
    requireOwnOrigin(c);
    if (c.req.header('upgrade')?.toLowerCase() !== 'websocket') {
      await getContainer(deps, ctx, container);
      throw new AppError('invalid', 'Connect to this route with a WebSocket');
    }
    const asked = c.req.valid('query');
    return upgradeWebSocket(c, {
      onOpen: (_event, { raw }) => {
        if (!(raw instanceof WebSocket)) throw new Error('The server of this process does not speak through ws');
        void serve(deps, streams, ctx, raw, container, asked);
      },
    });
  });
}

/** Scripts of other sites must not use what a browser holds of ours. Clients that are no browsers send no Origin. */
function requireOwnOrigin(c: Context<Environment>): void {
  const origin = c.req.header('origin');
  if (origin === undefined) return;
  const host = URL.canParse(origin) ? new URL(origin).host : null;
  if (host !== c.req.header('host')) throw new AppError('forbidden', 'WebSockets are for pages of the same origin');
}

/** Never rejects: whatever goes wrong is told to the client, if it is still there. */
async function serve(
  deps: Deps,
  streams: Streams,
  ctx: Ctx,
  socket: WebSocket,
  container: string,
  { command, tty, user, workdir, columns, rows }: ExecQuery,
): Promise<void> {
  // What comes before the command runs waits for it.
  socket.pause();
  const gone = new AbortController();
  socket.once('close', () => gone.abort());
  try {
    const stream = streams.open({ ...ctx, signal: gone.signal });
    try {
      const spec = { command, env: {}, user, workdir, stdin: true, tty };
      const session = await openExec(deps, ctx, container, spec, stream.signal);
      void keepAlive(socket, deps.clock, stream.signal);
      if (tty) await session.resize(columns, rows);
      await relay(socket, session, stream.signal);
    } finally {
      stream.end();
    }
  } catch (error) {
    if (socket.readyState !== WebSocket.OPEN) return;
    const { code } = refuse(socket, error, ctx.requestId);
    if (code === 'internal') ctx.log.error({ err: error }, 'exec over a WebSocket failed');
  }
}
