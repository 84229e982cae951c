/** The life of a WebSocket that carries a session: ended with its client, its key or its process. */
import { upgradeWebSocket } from '@hono/node-server';
import type { Context } from 'hono';
import { WebSocket } from 'ws';
import type { Ctx, Deps } from '../../context.ts';
import type { Session } from '../../services/exec.ts';
import type { Streams } from '../../services/streams.ts';
import type { Environment } from '../environment.ts';
import { keepAlive, refuse, relay } from './session-relay.ts';

/** The answer to a request for one. @param open gets the signal that ends it */
export function acceptSession(
  c: Context<Environment>,
  deps: Deps,
  streams: Streams,
  open: (signal: AbortSignal) => Promise<Session>,
): Promise<Response> {
  const ctx = c.get('ctx');
  return upgradeWebSocket(c, {
    onOpen: (_event, { raw }) => {
      if (!(raw instanceof WebSocket)) throw new Error('The server of this process does not speak through ws');
      void serveSession(deps, streams, ctx, raw, open);
    },
  });
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
