/** Requests as bytes, for what no client library would send. */
import { connect } from 'node:net';

export interface RawAnswer {
  status: number;
  headers: Record<string, string>;
  body: string;
}

/**
 * Sends the bytes as they are and reads until the server closes or has been silent for a while after its answer. All
 * answers that came; more than one means that the bytes were read as more than one request.
 */
export async function sendRaw(url: string, bytes: string | Buffer): Promise<RawAnswer[]> {
  const { hostname, port } = new URL(url);
  const socket = connect({ host: hostname, port: Number(port) });
  const chunks: Buffer[] = [];
  const closed = new Promise<void>((resolve) => {
    socket.once('close', () => resolve());
    socket.on('error', () => undefined);
    socket.setTimeout(2000, () => socket.destroy());
    socket.on('data', (chunk) => {
      chunks.push(chunk);
      socket.setTimeout(300);
    });
  });
  socket.write(bytes);
  await closed;
  return parse(Buffer.concat(chunks).toString('latin1'));
}

/** A request of these lines, with an empty line and a body behind them. */
export const rawRequest = (lines: string[], body = ''): string => `${lines.join('\r\n')}\r\n\r\n${body}`;

function parse(text: string): RawAnswer[] {
  return text.split(/(?=HTTP\/1\.1 \d{3})/).flatMap((part) => {
    const [head = '', ...rest] = part.split('\r\n\r\n');
    const [start = '', ...lines] = head.split('\r\n');
    const status = Number(/^HTTP\/1\.1 (\d{3})/.exec(start)?.[1]);
    if (!status) return [];
    const headers = Object.fromEntries(
      lines.map((line) => [line.slice(0, line.indexOf(':')).toLowerCase(), line.slice(line.indexOf(':') + 1).trim()]),
    );
    return [{ status, headers, body: rest.join('\r\n\r\n') }];
  });
}
