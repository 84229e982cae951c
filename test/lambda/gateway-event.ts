/** Requests as API Gateway's REST API writes them down for a function, format 1.0 of its proxy integration. */
import { randomUUID } from 'node:crypto';

export interface GatewayRequest {
  method: string;
  /** With its query. */
  target: string;
  headers?: Record<string, string | string[]>;
  body?: string | Uint8Array;
}

/** Bodies go as base64 where API Gateway takes their type for binary, which infra sets for all. */
export function gatewayEvent({ method, target, headers = {}, body }: GatewayRequest): Record<string, unknown> {
  const url = new URL(target, 'https://api.example.test');
  const multiValueHeaders: Record<string, string[]> = { Host: [url.host] };
  for (const [name, value] of Object.entries(headers)) multiValueHeaders[name] = [value].flat();
  const grouped = Map.groupBy(url.searchParams, ([name]) => name);
  const multiValueQueryStringParameters = Object.fromEntries(
    [...grouped].map(([name, pairs]) => [name, pairs.map(([, value]) => value)]),
  );
  const hasQuery = url.search.length > 1;
  const bytes = body === undefined ? null : Buffer.from(body);
  return {
    resource: '/{proxy+}',
    path: url.pathname,
    httpMethod: method,
    headers: lastOf(multiValueHeaders),
    multiValueHeaders,
    queryStringParameters: hasQuery ? lastOf(multiValueQueryStringParameters) : null,
    multiValueQueryStringParameters: hasQuery ? multiValueQueryStringParameters : null,
    pathParameters: { proxy: url.pathname.slice(1) },
    stageVariables: null,
    requestContext: {
      resourcePath: '/{proxy+}',
      httpMethod: method,
      path: `/prod${url.pathname}`,
      stage: 'prod',
      protocol: 'HTTP/1.1',
      requestId: randomUUID(),
      identity: { sourceIp: '192.0.2.1' },
    },
    body: bytes?.toString('base64') ?? null,
    isBase64Encoded: bytes !== null,
  };
}

const lastOf = (lists: Record<string, string[]>) =>
  Object.fromEntries(Object.entries(lists).map(([name, values]) => [name, values.at(-1)]));
