/** The way to a database that pauses, as Aurora's at 0 ACU: what comes meanwhile is turned away, told to wait, or kept waiting. */
import { once } from 'node:events';
import { type AddressInfo, connect, createServer, type Socket } from 'node:net';
import { join } from 'node:path';

export type Pause = 'says it is starting up' | 'keeps connections waiting' | 'hangs up' | 'refuses connections';

export interface PausedDatabase extends AsyncDisposable {
  /** Of the same database, by this way. */
  url: string;
  /** From now on connections, also those that wait, are let through. */
  resume(): Promise<void>;
  /** How many came before that. */
  readonly turnedAway: number;
}

/** @param databaseUrl of a server on a Unix socket, who trusts whoever comes by it */
export async function pausedDatabase(databaseUrl: string, pause: Pause): Promise<PausedDatabase> {
  const original = new URL(databaseUrl);
  const path = join(original.searchParams.get('host') ?? '', '.s.PGSQL.5432');
  const sockets = new Set<Socket>();
  const waiting: Socket[] = [];
  let isOpen = false;
  let turnedAway = 0;
  const pass = (socket: Socket) => {
    const onward = connect(path);
    sockets.add(onward);
    for (const each of [socket, onward]) each.on('error', () => {});
    socket.pipe(onward).pipe(socket);
  };
  const server = createServer((socket) => {
    sockets.add(socket);
    socket.on('error', () => {});
    if (isOpen) return pass(socket);
    turnedAway += 1;
    if (pause === 'keeps connections waiting') waiting.push(socket);
    else if (pause === 'hangs up') socket.destroy();
    else socket.once('data', () => socket.end(startingUp));
  });
  const listen = async (port: number) => {
    server.listen(port, '127.0.0.1');
    await once(server, 'listening');
    return (server.address() as AddressInfo).port;
  };
  const port = await listen(0);
  const closed = () => new Promise<void>((resolve) => server.close(() => resolve()));
  if (pause === 'refuses connections') await closed();
  return {
    url: `postgres://postgres@127.0.0.1:${port}${original.pathname}`,
    get turnedAway() {
      return turnedAway;
    },
    resume: async () => {
      isOpen = true;
      if (pause === 'refuses connections') await listen(port);
      for (const socket of waiting) pass(socket);
    },
    [Symbol.asyncDispose]: async () => {
      for (const socket of sockets) socket.destroy();
      if (server.listening) await closed();
    },
  };
}

/** As Postgres says it, 57P03. */
const startingUp = (() => {
  const fields = ['SFATAL', 'VFATAL', 'C57P03', 'Mthe database system is starting up'];
  const body = Buffer.from(`${fields.join('\0')}\0\0`);
  const head = Buffer.from('E\0\0\0\0');
  head.writeInt32BE(body.length + 4, 1);
  return Buffer.concat([head, body]);
})();
