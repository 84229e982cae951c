/** GET /containers/{id}/attach/ws: the same session as attach, in the messages of a WebSocket. */
import type { IncomingMessage } from 'node:http';
import type { Duplex } from 'node:stream';
import { createWebSocketStream, WebSocketServer } from 'ws';
import { type Opened, relay } from './hijack.ts';

/** Of one message from a client. */
const MAX_MESSAGE_BYTES = 1024 * 1024;

const sockets = new WebSocketServer({ noServer: true, maxPayload: MAX_MESSAGE_BYTES, perMessageDeflate: false });

/** Both streams of the process come as raw bytes, for a WebSocket has messages and needs no frames. */
export async function relayWebSocket(
  given: Opened,
  incoming: IncomingMessage,
  socket: Duplex,
  head: Buffer,
): Promise<void> {
  const connection = await new Promise<Duplex>((resolve, reject) => {
    socket.once('close', () => reject(given.stream.signal.reason));
    sockets.handleUpgrade(incoming, socket, head, (opened) => resolve(createWebSocketStream(opened)));
  });
  // How it ended is told by its close.
  connection.on('error', () => {});
  await relay({ ...given, tty: true }, connection);
}
