/** The VPC's resolver for one network of the Engine: Cloud Map's names first, then this machine's own resolver. */
import { createSocket } from 'node:dgram';
import { resolve4 } from 'node:dns/promises';
import { once } from 'node:events';
import { type Question, readQuestion, typeA, writeAnswer } from './dns-message.ts';

export interface Resolver {
  close(): void;
}

/** @param address the network's gateway, which is this machine; @param lookUp private names, none for what is not private */
export async function startResolver(
  address: string,
  lookUp: (name: string) => string[] | undefined,
): Promise<Resolver | undefined> {
  const socket = createSocket('udp4');
  socket.on('message', (message, { address: from, port }) => {
    const question = readQuestion(message);
    if (!question) return;
    answerFor(question, lookUp)
      .then((addresses) => socket.send(writeAnswer(question, addresses), port, from))
      // Whoever asked asks again; a resolver that ends here would take all names along.
      .catch(() => {});
  });
  socket.bind(53, address);
  try {
    await once(socket, 'listening');
  } catch (error) {
    // Only root may have the port, and only where the Engine's networks are this machine's: else there are no names.
    if (/EACCES|EADDRNOTAVAIL/.test(String(error))) return undefined;
    throw error;
  }
  socket.unref();
  return { close: () => void socket.close() };
}

async function answerFor({ name, type }: Question, lookUp: (name: string) => string[] | undefined) {
  const own = lookUp(name);
  if (own || type !== typeA) return own && type === typeA ? own : [];
  try {
    return await resolve4(name);
  } catch {
    // That there is no such name, and that nobody could be asked, look the same to a container.
    return undefined;
  }
}
