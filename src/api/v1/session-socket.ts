/** The routes that become a WebSocket that carries a session: for pages of our own origin, and clients that are no pages. */
import type { Context } from 'hono';
import { z } from 'zod';
import type { Deps } from '../../context.ts';
import { AppError } from '../../domain/errors.ts';
import { getContainer } from '../../services/containers.ts';
import type { Session } from '../../services/exec.ts';
import type { Streams } from '../../services/streams.ts';
import type { Environment } from '../environment.ts';
import { requireTwoWay } from '../two-way.ts';

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
  requireTwoWay(deps);
  if (c.req.header('upgrade')?.toLowerCase() !== 'websocket') {
    await getContainer(deps, ctx, container);
    throw new AppError('invalid', 'Connect to this route with a WebSocket');
  }
  // What speaks WebSocket takes long to load, and only who wants one waits for it.
  const { acceptSession } = await import('./session-life.ts');
  return acceptSession(c, deps, streams, open);
}

/** Scripts of other sites must not use what a browser holds of ours. Clients that are no browsers send no Origin. */
function requireOwnOrigin(c: Context<Environment>): void {
  const origin = c.req.header('origin');
  if (origin === undefined) return;
  const host = URL.canParse(origin) ? new URL(origin).host : null;
  if (host !== c.req.header('host')) throw new AppError('forbidden', 'WebSockets are for pages of the same origin');
}
