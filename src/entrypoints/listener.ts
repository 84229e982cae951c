/** An HTTP server on one address, with TLS or without, WebSockets included. */
import {
  createServer,
  type IncomingMessage,
  type RequestListener,
  type ServerOptions,
  type ServerResponse,
} from 'node:http';
import { createServer as createTlsServer } from 'node:https';
import type { Duplex } from 'node:stream';
import { type ServerType, serve } from '@hono/node-server';
import { WebSocketServer } from 'ws';
import { opensHijack } from '../api/docker/hijack.ts';
import { onClientError, opensWebSocket, refusing } from '../api/raw-http.ts';
import { systemIds } from '../domain/clock.ts';
import { type Tls, tlsOptions } from './tls.ts';

/** Of one frame from a client: a paste into a terminal is far below it. */
const MAX_FRAME_BYTES = 1024 * 1024;

export interface Listener {
  url: string;
  server: ServerType;
  /** Stops taking requests and ends open ones. */
  close(): Promise<void>;
}

export interface Service {
  fetch: Parameters<typeof serve>[0]['fetch'];
  /** Takes over connections that `opensHijack` admits; without it none is. */
  upgrade?: (incoming: IncomingMessage, socket: Duplex, head: Buffer) => void;
  /** Comes before everything else: true when it answered. */
  answersAnyone?: (incoming: IncomingMessage, outgoing: ServerResponse) => boolean;
}

export interface Address {
  /** 0 = any free one. */
  port: number;
  hostname: string;
  tls?: Tls;
}

/** Rejects when the port is taken. */
export async function listen(
  { fetch, upgrade, answersAnyone }: Service,
  { port, hostname, tls }: Address,
): Promise<Listener> {
  const sockets = new WebSocketServer({ noServer: true, maxPayload: MAX_FRAME_BYTES, perMessageDeflate: false });
  /** Which the server does not count among its own any more. */
  const upgraded = new Set<Duplex>();
  const shouldUpgradeCallback = (request: IncomingMessage) =>
    opensWebSocket(request) || (upgrade !== undefined && opensHijack(request));
  // An upload lasts as long as it lasts; raw-http.ts ends one that stands still.
  const serverOptions: ServerOptions = { shouldUpgradeCallback, requireHostHeader: false, requestTimeout: 0 };
  const create = (options: ServerOptions, listener: RequestListener) => {
    const guarded = refusing(systemIds, (incoming, outgoing) => {
      if (!answersAnyone?.(incoming, outgoing)) listener(incoming, outgoing);
    });
    const made = tls ? createTlsServer({ ...options, ...tlsOptions(tls) }, guarded) : createServer(options, guarded);
    return made.on('clientError', onClientError(systemIds));
  };
  const server = await new Promise<ServerType>((resolve, reject) => {
    const made = { serverOptions, createServer: create as typeof createServer, websocket: { server: sockets } };
    const options = { fetch, port, hostname, ...made };
    const listening = serve(options, () => resolve(listening));
    listening.on('error', reject);
  });
  // One listener in all: the adapter leaves refusals to others as soon as there are others.
  const [forWebSockets] = server.listeners('upgrade');
  server.removeAllListeners('upgrade');
  server.on('upgrade', (request: IncomingMessage, socket: Duplex, head: Buffer) => {
    if (opensWebSocket(request)) return forWebSockets?.call(server, request, socket, head);
    upgraded.add(socket);
    socket.once('close', () => upgraded.delete(socket));
    upgrade?.(request, socket, head);
  });
  const address = server.address();
  const actualPort = typeof address === 'object' && address ? address.port : port;
  return {
    url: `${tls ? 'https' : 'http'}://${hostname.includes(':') ? `[${hostname}]` : hostname}:${actualPort}`,
    server,
    close: async () => {
      const closed = new Promise((resolve) => server.close(resolve));
      for (const socket of sockets.clients) socket.terminate();
      for (const socket of upgraded) socket.destroy();
      if ('closeAllConnections' in server) server.closeAllConnections();
      await closed;
    },
  };
}
