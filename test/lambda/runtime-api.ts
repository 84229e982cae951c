/**
 * The Runtime API that Lambda offers to a function's process, on a port of this machine: it hands out one event at a time and takes
 * what comes back, whole or as a stream.
 */
import { randomUUID } from 'node:crypto';
import { once } from 'node:events';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';

const PREFIX = '/2018-06-01/runtime';
const httpIntegration = 'application/vnd.awslambda.http-integration-response';

/** What came back. A stream begins before its end is known. */
export interface Reply {
  /** Of an HTTP integration; null for anything else. */
  head: { statusCode: number; headers: Record<string, string> } | null;
  isStreamed: boolean;
  /** As it comes. */
  body: AsyncIterable<Buffer>;
  /** Null when it ended well, otherwise what the function says went wrong; also once it broke off. */
  ended: Promise<string | null>;
}

export interface RuntimeApi extends AsyncDisposable {
  /** `host:port`. */
  address: string;
  /** When a process asks for its next event: its start is over, or its last event is done. */
  idle(): Promise<void>;
  /** Why a start failed. */
  initError: Promise<string>;
  /** Rejects when the function fails before it answers. */
  invoke(event: unknown, timeoutMs?: number): Promise<Reply>;
}

interface Waiting {
  event: string;
  deadline: number;
  settle: { resolve(reply: Reply): void; reject(error: Error): void };
}

export async function startRuntimeApi(): Promise<RuntimeApi> {
  const queue: Waiting[] = [];
  const underWay = new Map<string, Waiting>();
  const idlers: ServerResponse[] = [];
  let idle = Promise.withResolvers<void>();
  const failed = Promise.withResolvers<string>();

  const hand = () => {
    const [response] = idlers;
    const next = queue[0];
    if (!response || !next) return;
    idlers.shift();
    queue.shift();
    idle = Promise.withResolvers();
    const id = randomUUID();
    underWay.set(id, next);
    response.writeHead(200, {
      'content-type': 'application/json',
      'lambda-runtime-aws-request-id': id,
      'lambda-runtime-deadline-ms': String(next.deadline),
      'lambda-runtime-invoked-function-arn': 'arn:aws:lambda:eu-west-1:000000000000:function:longshore-api',
      'lambda-runtime-trace-id': 'Root=1-5e1b4151-0000000000000000',
    });
    response.end(next.event);
  };

  async function serve(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const path = request.url ?? '';
    if (path === `${PREFIX}/invocation/next`) {
      idlers.push(response);
      idle.resolve();
      return hand();
    }
    if (path === `${PREFIX}/init/error`) {
      failed.resolve(JSON.parse(await textOf(request)).errorMessage);
      return void response.writeHead(202).end();
    }
    const [, id = '', end] = new RegExp(`^${PREFIX}/invocation/([^/]+)/(response|error)$`).exec(path) ?? [];
    const waiting = underWay.get(id);
    if (!waiting) return void response.writeHead(404).end();
    underWay.delete(id);
    if (end === 'error') {
      waiting.settle.reject(new Error(JSON.parse(await textOf(request)).errorMessage));
      return void response.writeHead(202).end();
    }
    const reply = await readReply(request);
    waiting.settle.resolve(reply);
    await reply.ended;
    if (!response.destroyed) response.writeHead(202).end();
  }

  const server = createServer((request, response) => void serve(request, response));
  // A start may take long, and an event may be long in coming.
  Object.assign(server, { requestTimeout: 0, headersTimeout: 0, keepAliveTimeout: 0 });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return {
    address: `127.0.0.1:${(server.address() as AddressInfo).port}`,
    idle: () => idle.promise,
    initError: failed.promise,
    invoke: (event, timeoutMs = 60_000) =>
      new Promise((resolve, reject) => {
        queue.push({ event: JSON.stringify(event), deadline: Date.now() + timeoutMs, settle: { resolve, reject } });
        hand();
      }),
    [Symbol.asyncDispose]: async () => {
      server.closeAllConnections();
      server.close();
      await once(server, 'close');
    },
  };
}

async function readReply(request: IncomingMessage): Promise<Reply> {
  const isStreamed = request.headers['lambda-runtime-function-response-mode'] === 'streaming';
  const ended = Promise.withResolvers<string | null>();
  request.once('end', () => ended.resolve(errorIn(request)));
  request.once('error', (error) => ended.resolve(error.message));
  const chunks = request.iterator({ destroyOnReturn: false });
  const known = { isStreamed, ended: ended.promise };
  if (request.headers['content-type'] !== httpIntegration) return { ...known, head: null, body: chunks };
  // The head as JSON, eight bytes of zero, and then the body.
  let read = Buffer.alloc(0);
  for (;;) {
    const end = read.indexOf(Buffer.alloc(8));
    if (end >= 0) {
      const head = JSON.parse(read.subarray(0, end).toString());
      return { ...known, head, body: joined(read.subarray(end + 8), chunks) };
    }
    const step = await chunks.next();
    if (step.done) throw new Error('An HTTP integration ended before its head did');
    read = Buffer.concat([read, step.value]);
  }
}

async function* joined(first: Buffer, rest: AsyncIterable<Buffer>): AsyncGenerator<Buffer, void> {
  if (first.length > 0) yield first;
  yield* rest;
}

function errorIn({ trailers }: IncomingMessage): string | null {
  const body = trailers['lambda-runtime-function-error-body'];
  return body === undefined ? null : JSON.parse(Buffer.from(String(body), 'base64').toString()).errorMessage;
}

async function textOf(request: IncomingMessage): Promise<string> {
  const chunks: Buffer[] = [];
  for await (const chunk of request) chunks.push(chunk);
  return Buffer.concat(chunks).toString();
}
