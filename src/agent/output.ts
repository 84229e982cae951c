/** What a process writes, on its way to a Docker client: after the agreement to carry a connection, at the client's pace. */
import { once } from 'node:events';
import type { Duplex } from 'node:stream';
import { encoder, multiplexedStream, type Output, rawStream } from '../domain/output-frames.ts';

/** To be written before the first byte. */
export const agreement = (tty: boolean): string =>
  `HTTP/1.1 101 UPGRADED\r\nContent-Type: ${tty ? rawStream : multiplexedStream}\r\nConnection: Upgrade\r\nUpgrade: tcp\r\n\r\n`;

/** Resolves when the output ended or the client left. */
export async function give(output: AsyncIterable<Output>, client: Duplex, tty: boolean): Promise<void> {
  const encode = encoder(tty);
  for await (const each of output) {
    if (client.destroyed) return;
    if (!client.write(encode(each))) await Promise.race([once(client, 'drain'), once(client, 'close')]);
  }
}
