/** An HTTP server on one address. */
import { type ServerType, serve } from '@hono/node-server';

export interface Listener {
  url: string;
  server: ServerType;
  /** Stops taking requests and ends open ones. */
  close(): Promise<void>;
}

/** @param port 0 = any free one. Rejects when it is taken. */
export async function listen(
  fetch: Parameters<typeof serve>[0]['fetch'],
  port: number,
  hostname: string,
): Promise<Listener> {
  const server = await new Promise<ServerType>((resolve, reject) => {
    const listening = serve({ fetch, port, hostname }, () => resolve(listening));
    listening.on('error', reject);
  });
  const address = server.address();
  const actualPort = typeof address === 'object' && address ? address.port : port;
  return {
    url: `http://${hostname.includes(':') ? `[${hostname}]` : hostname}:${actualPort}`,
    server,
    close: async () => {
      const closed = new Promise((resolve) => server.close(resolve));
      if ('closeAllConnections' in server) server.closeAllConnections();
      await closed;
    },
  };
}
