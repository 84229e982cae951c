/** Calls of the REST API by a command. */
import { once } from 'node:events';
import { type IncomingMessage, request as requestPlain } from 'node:http';
import { request as requestSecure } from 'node:https';
import { json } from 'node:stream/consumers';
import { z } from 'zod';
import type { Access } from './access.ts';
import { UsageError } from './context.ts';

const problem = z.object({ detail: z.string() });

/** The answer's JSON, checked. Throws UsageError with what Longshore said when it refuses. */
export async function callApi<T extends z.ZodType>(
  { url, key, ca }: Access,
  call: { method: string; path: string; body?: object; schema: T },
): Promise<z.output<T>> {
  const body = call.body && JSON.stringify(call.body);
  const headers = {
    authorization: `Bearer ${key}`,
    ...(body ? { 'content-type': 'application/json', 'content-length': Buffer.byteLength(body) } : {}),
  };
  const send = url.protocol === 'https:' ? requestSecure : requestPlain;
  const sent = send(new URL(url.pathname.replace(/\/$/, '') + call.path, url), {
    method: call.method,
    headers,
    ...(ca === null ? {} : { ca }),
  });
  const arrived = once(sent, 'response') as Promise<[IncomingMessage]>;
  sent.end(body);
  const [answer] = await arrived.catch((error: NodeJS.ErrnoException) => {
    throw new UsageError(`${url.origin} cannot be reached (${error.code ?? error.message})`);
  });
  if (answer.statusCode === 204) return call.schema.parse(undefined);
  const given = await json(answer).catch(() => null);
  if (answer.statusCode && answer.statusCode < 300) return call.schema.parse(given);
  const { data } = problem.safeParse(given);
  throw new UsageError(data?.detail ?? `${url.origin} answered ${answer.statusCode}`);
}
