/** The life of a WebSocket that carries a session: opened from our own origin, ended with its client, its key or its process. */
import { upgradeWebSocket } from '@hono/node-server';
import type { Context } from 'hono';
import { WebSocket } from 'ws';
import { z } from 'zod';
import type { Ctx, Deps } from '../../context.ts';
import { AppError } from '../../domain/errors.ts';
import { getContainer } from '../../services/containers.ts';
import type { Session } from '../../services/exec.ts';
import type { Streams } from '../../services/streams.ts';
import type { Environment } from '../environment.ts';
import { keepAlive, refuse, relay } from './session-relay.ts';

export const terminalSide = z.coerce.number().int().min(1).max(10_000);

/** What goes over it, for the descriptions of routes. */
export const sessionFrames = `Binary frames to the server are standard input; text frames are \`{"type":"resize","columns","rows"}\` and
\`{"type":"eof"}\`. Binary frames to the client begin with 1 (stdout) or 2 (stderr), always 1 with a terminal; text frames are
\`{"type":"exit","exitCode"}\`, followed by a close with 1000, and \`{"type":"error","code","message"}\`, followed by 4000 + the
status of that error, or 1011. A browser authenticates with a ticket, and connects from our own origin only.`;

/** The answer of a route that becomes a WebSocket. Throws invalid for a request that does not ask for one, forbidden for other origins. */
export async function sessionSocket(
  c: Context<Environment>,
  deps: Deps,
  streams: Streams,
  container: string,
  open: (signal: AbortSignal) => Promise<Session>,
): Promise<Response> {
  const ctx = c.get('ctx');
  requireOwnOrigin(c);
  if (c.req.header('upgrade')?.toLowerCase() !== 'websocket') {
    await getContainer(deps, ctx, container);
    throw new AppError('invalid', 'Connect to this route with a WebSocket');
  }
  return upgradeWebSocket(c, {
    onOpen: (_event, { raw }) => {
      if (!(raw instanceof WebSocket)) throw new Error('The server of this process does not speak through ws');
      void serveSession(deps, streams, ctx, raw, open);
    },
  });
}

/** Scripts of other sites must not use what a browser holds of ours. Clients that are no browsers send no Origin. */
function requireOwnOrigin(c: Context<Environment>): void {
  const origin = c.req.header('origin');
  if (origin === undefined) return;
  const host = URL.canParse(origin) ? new URL(origin).host : null;
  if (host !== c.req.header('host')) throw new AppError('forbidden', 'WebSockets are for pages of the same origin');
}

/** Never rejects: whatever goes wrong is told to the client, if it is still there. @param open gets the signal that ends it */
async function serveSession(
  deps: Deps,
  streams: Streams,
  ctx: Ctx,
  socket: WebSocket,
  open: (signal: AbortSignal) => Promise<Session>,
): Promise<void> {
  // What comes before the session is open waits for it.
  socket.pause();
  const gone = new AbortController();
  socket.once('close', () => gone.abort());
  try {
    const stream = streams.open({ ...ctx, signal: gone.signal });
    try {
      const session = await open(stream.signal);
      void keepAlive(socket, deps.clock, stream.signal);
      await relay(socket, session, stream.signal);
    } finally {
      stream.end();
    }
  } catch (error) {
    if (socket.readyState !== WebSocket.OPEN) return;
    const { code } = refuse(socket, error, ctx.requestId);
    if (code === 'internal') ctx.log.error({ err: error }, 'a session over a WebSocket failed');
  }
}
