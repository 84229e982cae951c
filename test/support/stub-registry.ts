/** A server on the loopback address that answers as a test says, and remembers what it was asked: a registry that misbehaves. */
import { once } from 'node:events';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';

export interface AskedRequest {
  /** `GET /v2/`, with its query. */
  line: string;
  authorization: string | undefined;
  body: string;
}

export interface StubRegistry extends AsyncDisposable {
  /** `127.0.0.1:PORT` */
  host: string;
  asked: AskedRequest[];
  lines(): string[];
  /** Connections that were opened, whatever came over them. */
  connections(): number;
}

export type Answer = (request: AskedRequest, response: ServerResponse, incoming: IncomingMessage) => void;

export async function stubRegistry(answer: Answer): Promise<StubRegistry> {
  const asked: AskedRequest[] = [];
  let connections = 0;
  const server = createServer((incoming, response) => {
    const chunks: Buffer[] = [];
    incoming.on('data', (chunk) => chunks.push(chunk));
    incoming.once('end', () => {
      const { method, url, headers } = incoming;
      const { authorization } = headers;
      const request = { line: `${method} ${url}`, authorization, body: Buffer.concat(chunks).toString('latin1') };
      asked.push(request);
      answer(request, response, incoming);
    });
  });
  server.on('connection', () => {
    connections += 1;
  });
  await once(server.listen(0, '127.0.0.1'), 'listening');
  const address = server.address();
  if (typeof address !== 'object' || address === null) throw new Error('the server has no port');
  return {
    host: `127.0.0.1:${address.port}`,
    asked,
    lines: () => asked.map(({ line }) => line),
    connections: () => connections,
    [Symbol.asyncDispose]: async () => {
      server.closeAllConnections();
      server.close();
      await once(server, 'close');
    },
  };
}

export const json = (response: ServerResponse, status: number, body: unknown, headers: Record<string, string> = {}) =>
  response.writeHead(status, { 'content-type': 'application/json', ...headers }).end(JSON.stringify(body));

export const wantsBearer = (response: ServerResponse, realm: string): void => {
  const challenge = `Bearer realm="${realm}",service="stub",scope="repository:ignored:pull"`;
  response.writeHead(401, { 'www-authenticate': challenge }).end();
};
