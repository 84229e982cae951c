/** Where the fake listens: one server per address, all of them for the same services. */
import { once } from 'node:events';
import { createServer, type RequestListener, type Server } from 'node:http';
import type { Socket } from 'node:net';
import { dataChannels } from './ssm/data-channel.ts';
import type { World } from './world.ts';

export class Doors {
  private readonly world: World;
  private readonly answer: RequestListener;
  private readonly servers: Server[] = [];
  private readonly sockets = new Set<Socket>();

  constructor(world: World, answer: RequestListener) {
    this.world = world;
    this.answer = answer;
  }

  /** Resolves with its URL. */
  async open(host: string): Promise<string> {
    const server = createServer(this.answer);
    this.servers.push(server);
    // Longer than any client keeps an idle connection, which would else be closed under a request of its own.
    server.keepAliveTimeout = 600_000;
    server.on('connection', (socket) => {
      this.sockets.add(socket);
      socket.once('close', () => this.sockets.delete(socket));
    });
    server.on('upgrade', dataChannels(this.world));
    server.listen(0, host);
    await once(server, 'listening');
    const address = server.address();
    if (typeof address !== 'object' || address === null) throw new Error('the server has no port');
    return `http://${host}:${address.port}`;
  }

  async close(): Promise<void> {
    const closed = this.servers.map(async (server) => {
      server.close();
      await once(server, 'close');
    });
    for (const socket of this.sockets) socket.destroy();
    await Promise.all(closed);
  }
}
