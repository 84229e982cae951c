/**
 * The local agent: Docker clients that can send no credential talk to its unix socket or port, and it relays every byte to
 * Longshore with the credential added.
 */
import { once } from 'node:events';
import { createServer, type IncomingMessage } from 'node:http';
import type { Socket } from 'node:net';
import { ask } from './ask.ts';
import { type TwoWayCall, twoWayCall } from './docker-path.ts';
import { refusalOf } from './guard.ts';
import { OneWay } from './one-way.ts';
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
  const oneWay = new OneWay(onward);
  const carries = carriesTwoWay(onward);
  /** What needs a connection in both directions goes another way where Longshore carries none. */
  const relay = async (
    { method, url }: IncomingMessage,
    emulate: (call: TwoWayCall) => Promise<void>,
    pass: () => void,
  ): Promise<void> => {
    const call = twoWayCall(method, url);
    if (call === null || (await carries())) pass();
    else await emulate(call);
  };
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
    else
      void relay(
        request,
        (call) => oneWay.plain(call, request, response),
        () => relayPlain(onward, request, response),
      ).catch(() => response.destroy());
  });
  server.on('upgrade', (request, socket, head) => {
    // Whoever reads or writes is told; with nobody there at that moment it would end the process.
    socket.on('error', () => {});
    const refusal = refusalOf(request, port, onward.authorization);
    if (refusal) refuseUpgrade(socket, refusal.status, refusal.message);
    else
      void relay(
        request,
        (call) => oneWay.upgraded(call, request, socket, head),
        () => relayUpgraded(onward, request, socket, head),
      ).catch(() => socket.destroy());
  });
  if ('socketPath' in place) {
    await listenOnSocket(server, place.socketPath);
    return { dockerHost: `unix://${place.socketPath}`, close: () => close(server, sockets, onward, oneWay) };
  }
  server.listen(place.port, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  port = typeof address === 'object' && address ? address.port : place.port;
  return { dockerHost: `tcp://127.0.0.1:${port}`, close: () => close(server, sockets, onward, oneWay) };
}

async function close(
  server: ReturnType<typeof createServer>,
  sockets: Set<Socket>,
  onward: Onward,
  oneWay: OneWay,
): Promise<void> {
  const closed = once(server, 'close');
  server.close();
  for (const socket of sockets) socket.destroy();
  oneWay.close();
  onward.close();
  await closed;
}

/** Asked once: it does not change while an address stays the same. Where nobody answers, the relay says why. */
function carriesTwoWay(onward: Onward): () => Promise<boolean> {
  let known: boolean | null = null;
  return async () => {
    if (known !== null) return known;
    try {
      const { status, body } = await ask(onward, 'GET', '/v1/provider');
      if (status !== 200) return true;
      known = !(typeof body === 'object' && body !== null && 'twoWay' in body && body.twoWay === false);
      return known;
    } catch {
      return true;
    }
  };
}
