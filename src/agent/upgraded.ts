/**
 * Relays a request that asks to keep its connection (attach, exec), and then every byte in both directions. Written by hand on
 * the sockets: either side may end its half first, and neither is read faster than the other takes it.
 */
import { type IncomingMessage, STATUS_CODES } from 'node:http';
import type { Socket } from 'node:net';
import type { Duplex } from 'node:stream';
import { endToEnd, headerLines } from './headers.ts';
import type { Onward } from './onward.ts';

/** Of the head of an answer. */
const MAX_HEAD_BYTES = 65_536;

/** @param head what came of the client behind its request's head: of the body, or already of the stream */
export function relayUpgraded(onward: Onward, request: IncomingMessage, client: Duplex, head: Buffer): void {
  const server = onward.connect();
  let answered = false;
  server.on('error', (error) => {
    if (answered) client.destroy();
    else refuseUpgrade(client, 502, onward.explain(error));
  });
  client.on('error', () => server.destroy());
  client.on('close', () => server.destroy());
  server.on('close', () => {
    if (!client.writableEnded) client.destroy();
  });
  server.write(requestHead(onward, request));
  if (head.length > 0) server.write(head);
  client.pipe(server);
  onHead(server, (answer, rest) => {
    answered = true;
    if (answer === null) return refuseUpgrade(client, 502, 'longshore connect: the answer is not HTTP');
    // The client's next request must not follow on this connection: nobody would add the credential.
    if (!answer.upgraded) client.unpipe(server).resume();
    client.write(answer.upgraded ? answer.text : closing(answer.text));
    if (rest.length > 0) server.unshift(rest);
    server.pipe(client);
  });
}

function requestHead(onward: Onward, { method, url, rawHeaders, headers }: IncomingMessage): string {
  const chunked = headers['transfer-encoding'];
  const lines = headerLines([
    ...endToEnd(rawHeaders, 'host', 'authorization'),
    ...onward.headers,
    ...(chunked === undefined ? [] : ['Transfer-Encoding', chunked]),
    ...['Connection', 'Upgrade', 'Upgrade', headers.upgrade ?? 'tcp'],
  ]);
  return `${method} ${onward.path(url ?? '/')} HTTP/1.1\r\n${lines}\r\n`;
}

interface AnswerHead {
  text: string;
  upgraded: boolean;
}

/** Calls back once, with null for what is no head of an answer, and with what came behind it. */
function onHead(server: Socket, then: (head: AnswerHead | null, rest: Buffer) => void): void {
  let seen = Buffer.alloc(0);
  const done = (head: AnswerHead | null, rest: Buffer) => {
    server.off('data', take);
    server.off('end', ended);
    server.pause();
    then(head, rest);
  };
  const take = (chunk: Buffer) => {
    seen = Buffer.concat([seen, chunk]);
    const end = seen.indexOf('\r\n\r\n');
    if (end === -1) return seen.length > MAX_HEAD_BYTES ? done(null, seen) : undefined;
    const text = seen.subarray(0, end + 4).toString('latin1');
    const status = /^HTTP\/1\.[01] (\d{3})/.exec(text)?.[1];
    done(status ? { text, upgraded: status === '101' } : null, seen.subarray(end + 4));
  };
  const ended = () => done(null, seen);
  server.on('data', take);
  server.on('end', ended);
}

/** The same head, of an answer after which the connection ends. */
function closing(head: string): string {
  const [start = '', ...lines] = head.trimEnd().split('\r\n');
  const kept = lines.filter((line) => !/^(connection|keep-alive|upgrade):/i.test(line));
  return [start, ...kept, 'Connection: close', '', ''].join('\r\n');
}

/** As the Engine says it, so that every Docker client shows the message. */
export function refuseUpgrade(client: Duplex, status: number, message: string): void {
  const body = JSON.stringify({ message });
  const headers = `Content-Type: application/json\r\nContent-Length: ${Buffer.byteLength(body)}\r\nConnection: close\r\n`;
  client.end(`HTTP/1.1 ${status} ${STATUS_CODES[status]}\r\n${headers}\r\n${body}`);
}
