/**
 * API Gateway before a function, on a port of this machine: each request becomes an event for an instance that does nothing else
 * meanwhile, and another instance is started when none is free. Real clients speak to it.
 */
import { once } from 'node:events';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { type FunctionProcess, startFunction } from './function-process.ts';
import { gatewayEvent } from './gateway-event.ts';

/** What API Gateway lets through. */
const MAX_BODY_BYTES = 10 * 1024 * 1024;

export interface Gateway extends AsyncDisposable {
  url: string;
  /** All that were started. */
  instances: readonly FunctionProcess[];
}

/** @param timeoutMs of each invocation */
export async function startGateway(folder: string, env: NodeJS.ProcessEnv, timeoutMs = 60_000): Promise<Gateway> {
  const instances: FunctionProcess[] = [];
  const free: FunctionProcess[] = [];
  const take = async () => {
    const known = free.pop();
    if (known) return known;
    const made = await startFunction(folder, env);
    instances.push(made);
    return made;
  };

  async function serve(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const body = await bytesOf(request);
    if (body.length > MAX_BODY_BYTES) return void response.writeHead(413).end();
    const { method = '', url: target = '', headersDistinct } = request;
    const { host, ...headers } = headersDistinct as Record<string, string[]>;
    const event = gatewayEvent({
      method,
      target,
      headers: { ...headers, Host: host ?? [] },
      ...(body.length > 0 ? { body } : {}),
    });
    const instance = await take();
    try {
      const reply = await instance.api.invoke(event, timeoutMs);
      response.writeHead(reply.head?.statusCode ?? 502, reply.head?.headers);
      response.flushHeaders();
      // Lambda reads on when the client has gone, and says nothing to the function.
      for await (const chunk of reply.body) if (!response.destroyed && !response.write(chunk)) await drained(response);
      if ((await reply.ended) === null) response.end();
      else response.destroy();
    } catch {
      if (response.headersSent) response.destroy();
      else response.writeHead(502).end('{"message": "Internal server error"}');
    }
    await instance.api.idle();
    free.push(instance);
  }

  const server = createServer((request, response) => void serve(request, response));
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    instances,
    [Symbol.asyncDispose]: async () => {
      server.closeAllConnections();
      server.close();
      await Promise.all(instances.map((instance) => instance[Symbol.asyncDispose]()));
    },
  };
}

function drained(response: ServerResponse): Promise<unknown> {
  return Promise.race(['drain', 'close'].map((event) => once(response, event)));
}

async function bytesOf(request: IncomingMessage): Promise<Buffer> {
  const chunks: Buffer[] = [];
  for await (const chunk of request) chunks.push(chunk);
  return Buffer.concat(chunks);
}
