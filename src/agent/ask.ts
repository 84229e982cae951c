/** The agent's own questions to /v1, with the same credential. */
import { json } from 'node:stream/consumers';
import type { Onward } from './onward.ts';

export interface Answer {
  status: number;
  /** Null where it was no JSON. */
  body: unknown;
}

/** Rejects when Longshore cannot be reached. */
export async function ask(onward: Onward, method: 'GET' | 'PUT', path: string, body?: unknown): Promise<Answer> {
  const answer = await stream(onward, method, path, body);
  return { status: answer.statusCode ?? 502, body: await json(answer).catch(() => null) };
}

/** The same for an answer that goes on. */
export function stream(onward: Onward, method: 'GET' | 'PUT', path: string, body?: unknown, headers: string[] = []) {
  const text = body === undefined ? '' : JSON.stringify(body);
  const sent = onward.request({
    method,
    path: onward.path(path),
    headers: [
      ...onward.headers,
      ...headers,
      ...(text === '' ? [] : ['Content-Type', 'application/json', 'Content-Length', String(Buffer.byteLength(text))]),
    ],
  });
  sent.end(text);
  return new Promise<import('node:http').IncomingMessage>((resolve, reject) => {
    sent.once('response', resolve).once('error', reject);
  });
}

/** What a refusal says. */
export function reasonOf({ status, body }: Answer): string {
  const detail = typeof body === 'object' && body !== null && 'detail' in body ? body.detail : null;
  return typeof detail === 'string' ? detail : `longshore connect: Longshore answered with status ${status}`;
}
