/** Relays a request and its answer, piece by piece, at the pace of the slower side. */
import type { IncomingMessage, ServerResponse } from 'node:http';
import { endToEnd } from './headers.ts';
import type { Onward } from './onward.ts';

export function relayPlain(onward: Onward, request: IncomingMessage, response: ServerResponse): void {
  const sent = onward.request({
    method: request.method ?? 'GET',
    path: onward.path(request.url ?? '/'),
    headers: [...endToEnd(request.rawHeaders, 'host', 'authorization'), ...onward.headers, ...bodyHeaders(request)],
  });
  sent.on('response', (answer) => {
    response.writeHead(answer.statusCode ?? 502, answer.statusMessage, endToEnd(answer.rawHeaders));
    // A client may wait for the head alone, for as long as a container runs.
    response.flushHeaders();
    answer.on('close', () => {
      if (!answer.complete) response.destroy();
    });
    answer.on('error', () => {});
    answer.pipe(response);
  });
  // An answer may come, and end the connection, before all of the request is sent: then it is the answer that counts.
  sent.on('error', (error) => {
    if (!response.headersSent) refusePlain(response, 502, onward.explain(error));
  });
  response.on('close', () => {
    if (!response.writableFinished) sent.destroy();
  });
  request.on('error', () => sent.destroy());
  request.pipe(sent);
}

/** A message without a length has a body only if it comes in chunks. */
function bodyHeaders({ headers, method }: IncomingMessage): string[] {
  if (headers['transfer-encoding'] !== undefined) return ['Transfer-Encoding', 'chunked'];
  const bodiless = ['GET', 'HEAD'].includes(method ?? '');
  return headers['content-length'] !== undefined || bodiless ? [] : ['Content-Length', '0'];
}

/** As the Engine says it, so that every Docker client shows the message. */
export function refusePlain(response: ServerResponse, status: number, message: string): void {
  const body = JSON.stringify({ message });
  const length = String(Buffer.byteLength(body));
  response.writeHead(status, { 'content-type': 'application/json', 'content-length': length, connection: 'close' });
  response.end(body);
}
