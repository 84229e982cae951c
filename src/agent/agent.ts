/**
 * The local agent: Docker clients that can send no credential talk to its unix socket or port, and it relays every byte to
 * Longshore with the credential added.
 */
import { once } from 'node:events';
import { createServer } from 'node:http';
import type { Socket } from 'node:net';
import { refusalOf } from './guard.ts';
import { type Onward, onwardTo, type Target } from './onward.ts';
import { refusePlain, relayPlain } from './plain.ts';
import { listenOnSocket } from './socket-file.ts';
import { refuseUpgrade, relayUpgraded } from './upgraded.ts';

/** A unix socket, or a port of 127.0.0.1 (0: any free one). */
export type Place = { socketPath: string } | { port: number };

export interface RunningAgent {
  /** For DOCKER_HOST. */
  dockerHost: string;
  /** Ends open connections and takes the socket away. */
  close(): Promise<void>;
}

/** Rejects when the place is taken. */
export async function startAgent(target: Target, place: Place): Promise<RunningAgent> {
  const onward = onwardTo(target);
  const server = createServer({ keepAliveTimeout: 60_000, requestTimeout: 0 });
  const sockets = new Set<Socket>();
  let port: number | null = null;
  server.on('connection', (socket) => {
    sockets.add(socket);
    socket.once('close', () => sockets.delete(socket));
  });
  server.on('request', (request, response) => {
    const refusal = refusalOf(request, port, onward.authorization);
    if (refusal) refusePlain(response, refusal.status, refusal.message);
    else relayPlain(onward, request, response);
  });
  server.on('upgrade', (request, socket, head) => {
    // Whoever reads or writes is told; with nobody there at that moment it would end the process.
    socket.on('error', () => {});
    const refusal = refusalOf(request, port, onward.authorization);
    if (refusal) refuseUpgrade(socket, refusal.status, refusal.message);
    else relayUpgraded(onward, request, socket, head);
  });
  if ('socketPath' in place) {
    await listenOnSocket(server, place.socketPath);
    return { dockerHost: `unix://${place.socketPath}`, close: () => close(server, sockets, onward) };
  }
  server.listen(place.port, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  port = typeof address === 'object' && address ? address.port : place.port;
  return { dockerHost: `tcp://127.0.0.1:${port}`, close: () => close(server, sockets, onward) };
}

async function close(server: ReturnType<typeof createServer>, sockets: Set<Socket>, onward: Onward): Promise<void> {
  const closed = once(server, 'close');
  server.close();
  for (const socket of sockets) socket.destroy();
  onward.close();
  await closed;
}
