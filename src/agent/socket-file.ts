/** The agent's unix socket: for its user alone, in a folder that is made, in place of one that a killed agent left. */
import { once } from 'node:events';
import { lstatSync, mkdirSync, unlinkSync } from 'node:fs';
import { connect, type Server } from 'node:net';
import { dirname } from 'node:path';

/** Rejects when somebody listens on it, or when something else is there. */
export async function listenOnSocket(server: Server, path: string): Promise<void> {
  mkdirSync(dirname(path), { recursive: true, mode: 0o700 });
  try {
    await bind(server, path);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EADDRINUSE') throw error;
    if (!lstatSync(path).isSocket()) throw new Error(`${path} is there and is no socket`, { cause: error });
    if (await answers(path)) throw new Error(`Somebody listens on ${path} already`, { cause: error });
    unlinkSync(path);
    await bind(server, path);
  }
}

/** The socket is made within `listen`, and never open to others, not even for a moment. */
async function bind(server: Server, path: string): Promise<void> {
  const before = process.umask(0o177);
  try {
    server.listen(path);
  } finally {
    process.umask(before);
  }
  await once(server, 'listening');
}

async function answers(path: string): Promise<boolean> {
  const socket = connect(path);
  try {
    await once(socket, 'connect');
    return true;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ECONNREFUSED') return false;
    throw error;
  } finally {
    socket.destroy();
  }
}
