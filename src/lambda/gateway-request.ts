/**
 * A request as API Gateway's REST API hands it to a function (format 1.0 of its proxy integration), made into what a server of
 * Node's would have read from a connection: the doors see no difference.
 */
import { IncomingMessage } from 'node:http';
import { Socket } from 'node:net';
import { z } from 'zod';
import { refusalOf } from '../api/raw-http.ts';
import { AppError } from '../domain/errors.ts';

const texts = z.record(z.string(), z.string()).nullish();
const lists = z.record(z.string(), z.array(z.string())).nullish();
const gatewayEvent = z.object({
  httpMethod: z.string().regex(/^[A-Z]{3,10}$/),
  path: z.string().startsWith('/').max(8192),
  headers: texts,
  multiValueHeaders: lists,
  queryStringParameters: texts,
  multiValueQueryStringParameters: lists,
  body: z.string().nullish(),
  isBase64Encoded: z.boolean().nullish(),
});
type GatewayEvent = z.infer<typeof gatewayEvent>;

/** What a Lambda function takes, with base64 and all. */
const MAX_EVENT_BYTES = 6 * 1024 * 1024;

/** Of the connection to API Gateway, which says nothing of ours; `content-length` is counted anew. */
const ofConnections = new Set([
  ...['connection', 'keep-alive', 'proxy-connection', 'transfer-encoding', 'te', 'trailer', 'upgrade', 'expect'],
  'content-length',
]);

/** On a socket that leads nowhere; who destroys it cuts the answer. Throws invalid for what API Gateway would not send, too_large. */
export function readEvent(event: unknown): { incoming: IncomingMessage; body: Buffer } {
  const parsed = gatewayEvent.safeParse(event);
  if (!parsed.success) {
    const [issue] = parsed.error.issues;
    throw new AppError(
      'invalid',
      `This is no event of an API Gateway REST API: ${issue?.path.join('.')}: ${issue?.message}`,
    );
  }
  const incoming = new IncomingMessage(new Socket());
  const body = bodyOf(parsed.data);
  incoming.method = parsed.data.httpMethod;
  incoming.url = targetOf(parsed.data);
  incoming.httpVersion = '1.1';
  incoming.httpVersionMajor = 1;
  incoming.httpVersionMinor = 1;
  setHeaders(incoming, headersOf(parsed.data, body.length));
  const refusal = refusalOf(incoming);
  if (refusal !== null) throw new AppError('invalid', refusal);
  incoming.complete = true;
  if (body.length > 0) incoming.push(body);
  incoming.push(null);
  return { incoming, body };
}

/** The same for those who speak fetch. */
export function toFetch({ incoming, body }: { incoming: IncomingMessage; body: Buffer }, signal: AbortSignal): Request {
  const headers = new Headers();
  const { rawHeaders, method = 'GET' } = incoming;
  for (let at = 0; at < rawHeaders.length; at += 2) headers.append(rawHeaders[at] ?? '', rawHeaders[at + 1] ?? '');
  const hasBody = body.length > 0 && method !== 'GET' && method !== 'HEAD';
  const url = `https://${incoming.headers.host}${incoming.url}`;
  return new Request(url, { method, headers, signal, ...(hasBody ? { body } : {}) });
}

function bodyOf({ body, isBase64Encoded }: GatewayEvent): Buffer {
  if (!body) return Buffer.alloc(0);
  if (Buffer.byteLength(body) > MAX_EVENT_BYTES) throw tooLarge();
  if (!isBase64Encoded) return Buffer.from(body);
  if (!/^[A-Za-z0-9+/]*={0,2}$/.test(body) || body.length % 4 !== 0) {
    throw new AppError('invalid', 'This is no event of an API Gateway REST API: body: is not base64');
  }
  return Buffer.from(body, 'base64');
}

/** Sent to whoever comes through; what is larger still is refused by API Gateway itself. */
const tooLarge = () =>
  new AppError(
    'too_large',
    'This address takes requests of some 4 MB. Push images straight to their registry with POST /v1/images/push-credentials, and send ' +
      'build contexts and archives to the service that carries two-way connections, where the operator deployed it (docs/aws-deploy.md)',
  );

/** API Gateway has decoded the parameters, and in part the path. */
function targetOf({
  path,
  multiValueQueryStringParameters: lists,
  queryStringParameters: texts,
}: GatewayEvent): string {
  const encoded = path.toWellFormed().replace(/[^\x21-\x7e]|[?#\\]/gu, encodeURIComponent);
  const pairs = lists
    ? Object.entries(lists).flatMap(([name, values]) => values.map((value) => [name, value] as const))
    : Object.entries(texts ?? {});
  const query = pairs.map(([name, value]) => `${encode(name)}=${encode(value)}`).join('&');
  return query === '' ? encoded : `${encoded}?${query}`;
}

const encode = (text: string): string => encodeURIComponent(text.toWellFormed());

/** As Node does it, which counts those of its own parser only. */
function setHeaders(incoming: IncomingMessage, raw: string[]): void {
  const distinct: Record<string, string[]> = Object.create(null);
  for (let at = 0; at < raw.length; at += 2) {
    const name = raw[at]?.toLowerCase() ?? '';
    distinct[name] = [...(distinct[name] ?? []), raw[at + 1] ?? ''];
  }
  incoming.rawHeaders = raw;
  incoming.headersDistinct = distinct;
  incoming.headers = Object.fromEntries(Object.entries(distinct).map(([name, values]) => [name, values.join(', ')]));
}

function headersOf({ multiValueHeaders: lists, headers: texts }: GatewayEvent, bodyBytes: number): string[] {
  const pairs = lists
    ? Object.entries(lists).flatMap(([name, values]) => values.map((value) => [name, value] as const))
    : Object.entries(texts ?? {});
  const kept = pairs.filter(([name]) => !ofConnections.has(name.toLowerCase()));
  for (const [name, value] of kept) {
    if (!/^[!#$%&'*+.^_`|~0-9a-z-]+$/i.test(name) || !/^[\t\x20-\x7e\x80-\xff]*$/.test(value)) {
      throw new AppError('invalid', 'This is no event of an API Gateway REST API: headers: one is no header');
    }
  }
  return [...kept.flat(), ...(bodyBytes > 0 ? ['content-length', String(bodyBytes)] : [])];
}
