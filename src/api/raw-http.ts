/**
 * What is refused before a request reaches the router: bytes that are no request, and requests that two readers could take for
 * two different ones. Proxies and we must mean the same thing by the same bytes.
 */
import type { IncomingMessage, RequestListener, ServerResponse } from 'node:http';
import type { Duplex } from 'node:stream';
import type { Ids } from '../domain/clock.ts';
import { AppError } from '../domain/errors.ts';
import { answerHead } from './answer-head.ts';
import { parseDockerPath } from './docker/paths.ts';
import { toDockerError, toProblem } from './errors.ts';

/** Of these a request has one, or none: whoever reads the first and whoever reads the last must read the same. */
const single = new Set([
  ...['host', 'authorization', 'content-type', 'content-length', 'content-encoding', 'transfer-encoding'],
  ...['idempotency-key', 'last-event-id', 'origin', 'upgrade'],
]);

const hostForm = /^([a-z0-9._-]+|\[[0-9a-f:.]+\])(:\d{1,5})?$/i;

/** Why it is refused; null for a request as it should be. */
export function refusalOf({ url = '', headers, rawHeaders, httpVersion }: IncomingMessage): string | null {
  if (httpVersion !== '1.1' && httpVersion !== '1.0') return `HTTP/${httpVersion} is not spoken here`;
  const path = url.split('?', 1)[0] ?? '';
  if (!path.startsWith('/')) return 'The request target must be a path';
  if (/[\\#]/.test(url)) return 'The request target must not contain "\\" or "#"';
  if (/\/(\.|%2e){0,2}\//i.test(path) || /\/(\.|%2e){1,2}$/i.test(path)) {
    return 'The path must not contain empty or dot segments';
  }
  const twice = repeated(rawHeaders);
  if (twice) return `The header ${twice} must be sent once`;
  const { host = '', 'transfer-encoding': transfer = 'chunked', 'content-encoding': content = 'identity' } = headers;
  if (!hostForm.test(host)) return 'The header host must name a host';
  if (transfer.toLowerCase() !== 'chunked') return 'The only transfer-encoding is chunked';
  if (content.toLowerCase() !== 'identity') return 'Send bodies without a content-encoding';
  return null;
}

/** The first of the single headers that comes twice. */
function repeated(rawHeaders: string[]): string | null {
  const seen = new Set<string>();
  for (let position = 0; position < rawHeaders.length; position += 2) {
    const name = rawHeaders[position]?.toLowerCase() ?? '';
    if (seen.has(name)) return name;
    if (single.has(name)) seen.add(name);
  }
  return null;
}

/** Whether it becomes a WebSocket. On other routes an Upgrade header is none of our business: they answer as they always do. */
export function opensWebSocket(request: IncomingMessage): boolean {
  const wanted = request.method === 'GET' && request.headers.upgrade?.toLowerCase() === 'websocket';
  const isOurs = /^\/v1\/[^?]*\/ws(\?|$)/.test(request.url ?? '');
  return wanted && isOurs && isPlain(request);
}

/** Whether it is a request that can be read in one way only. Others are answered as such, whatever they want to become. */
export const isPlain = (request: IncomingMessage): boolean => refusalOf(request) === null;

/** Answers that are not out yet, by their connection. */
const underWay = new WeakMap<Duplex, Set<ServerResponse>>();

/** A body may take any time, but nothing of it must not come for so long. */
const BODY_IDLE_MS = 60_000;

export function refusing(ids: Ids, listener: RequestListener, bodyIdleMs = BODY_IDLE_MS): RequestListener {
  return (request, response) => {
    const { 'content-length': length = '0', 'transfer-encoding': chunked } = request.headers;
    if (chunked !== undefined || length !== '0') {
      request.setTimeout(bodyIdleMs, () => {
        if (!request.complete) request.destroy();
      });
    }
    const others = underWay.get(request.socket) ?? new Set();
    underWay.set(request.socket, others.add(response));
    response.once('close', () => others.delete(response));
    const reason = refusalOf(request);
    if (reason === null) return listener(request, response);
    const { status, headers, body } = problemOf(ids, new AppError('invalid', reason), request.url);
    response.writeHead(status, headers).end(body);
  };
}

/** For the server's event of that name: says why, where Node would only say 400. */
export function onClientError(ids: Ids): (error: NodeJS.ErrnoException, socket: Duplex) => void {
  return (error, socket) => {
    const secured = !/^ERR_(SSL|TLS)/.test(error.code ?? '');
    if (error.code === 'ECONNRESET' || !secured || !socket.writable || !isNext(socket)) {
      socket.destroy();
      return;
    }
    const [reason, wanted] = known[error.code ?? ''] ?? ['These bytes are not an HTTP request', 400];
    const { status, headers, body } = problemOf(ids, new AppError('invalid', reason), '/', wanted);
    socket.end(answerHead(status, headers) + body);
  };
}

/** Whether what we say now is the answer to the broken bytes, and the client cannot take it for that to an earlier request. */
function isNext(socket: Duplex): boolean {
  const [first, ...others] = underWay.get(socket) ?? [];
  return !first || (others.length === 0 && !first.req.complete && !first.headersSent);
}

const known: Record<string, [reason: string, status: number]> = {
  HPE_HEADER_OVERFLOW: ['The headers may have at most 16 KiB', 431],
  ERR_HTTP_REQUEST_TIMEOUT: ['The request did not come in time', 408],
};

/** An answer as whoever sent the URL reads it. @param asked instead of the error's own status */
export function problemOf(ids: Ids, error: AppError, url = '/', asked?: number) {
  const requestId = ids.uuid();
  // Clients of the Docker door read nothing but its own form.
  const problem = parseDockerPath(url) ? toDockerError(error, requestId) : toProblem(error, requestId);
  const status = asked ?? problem.status;
  const body = JSON.stringify('json' in problem ? problem.json : { ...problem.body, status });
  const more = { 'content-length': String(Buffer.byteLength(body)), 'x-request-id': requestId, connection: 'close' };
  return { status, headers: { ...problem.headers, ...more }, body };
}
