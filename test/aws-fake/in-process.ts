/** A request handler for the SDK's clients that needs no socket, so that a simulation's order is the same every time. */
import { Readable } from 'node:stream';
import { respond, type Sites } from './front-door.ts';
import type { World } from './world.ts';

interface SdkRequest {
  method: string;
  hostname: string;
  port?: number;
  path: string;
  query?: Record<string, string | string[] | null>;
  headers: Record<string, string>;
  body?: unknown;
}

/** For `requestHandler` of a client's configuration. */
export function inProcessHandler(world: World, site: Sites) {
  return {
    async handle(request: SdkRequest) {
      const query = new URLSearchParams();
      for (const [name, value] of Object.entries(request.query ?? {})) {
        for (const each of [value].flat()) query.append(name, each ?? '');
      }
      const headers = Object.entries(request.headers).map(([name, value]) => [name.toLowerCase(), value]);
      const host = request.port === undefined ? request.hostname : `${request.hostname}:${request.port}`;
      const { answer, lost } = await respond(world, site, {
        method: request.method,
        path: request.path,
        query,
        headers: { host, ...Object.fromEntries(headers) },
        body: await bodyOf(request.body),
      });
      if (lost) throw Object.assign(new Error('socket hang up'), { code: 'ECONNRESET' });
      const bytes = Buffer.from(answer.body ?? '');
      const response = { statusCode: answer.status, headers: { ...answer.headers }, body: Readable.from([bytes]) };
      return { response };
    },
    metadata: { handlerProtocol: 'http/1.1' },
    updateHttpClientConfig() {},
    httpHandlerConfigs: () => ({}),
  };
}

async function bodyOf(body: unknown): Promise<Buffer> {
  if (body === undefined || body === null) return Buffer.alloc(0);
  if (typeof body === 'string') return Buffer.from(body);
  if (body instanceof Uint8Array) return Buffer.from(body.buffer, body.byteOffset, body.byteLength);
  const chunks: Uint8Array[] = [];
  for await (const chunk of body as AsyncIterable<Uint8Array>) chunks.push(chunk);
  return Buffer.concat(chunks);
}
