/**
 * Requests to registries: to an address that was checked, and to no other that an answer names. Bounded in time and size; what a
 * registry says is for the log, never for a tenant.
 */
import { type IncomingMessage, request as requestHttp } from 'node:http';
import { request as requestHttps } from 'node:https';
import { isIPv6, type LookupFunction } from 'node:net';
import { pipeline, Readable } from 'node:stream';
import { AppError } from '../domain/errors.ts';
import type { RegistryPolicy } from '../domain/registry-policy.ts';
import { registryAddress } from './policy.ts';

export interface RegistryRequest {
  method: 'GET' | 'HEAD' | 'POST' | 'PUT';
  /** With its port. */
  host: string;
  /** With its query. */
  path: string;
  headers?: Record<string, string>;
  /** Made anew for each attempt. */
  body?: { size: number; read: () => AsyncIterable<Uint8Array> | Iterable<Uint8Array> };
}

const MAX_ANSWER_BYTES = 4 * 1024 * 1024;
/** Without a sign of life. */
const SILENCE_MS = 30_000;

/** The head has come; the body is to be read by `readAnswer`, or destroyed. */
export async function sendToRegistry(
  policy: RegistryPolicy,
  { method, host, path, headers = {}, body }: RegistryRequest,
  signal: AbortSignal,
): Promise<IncomingMessage> {
  const { protocol, addresses } = await registryAddress(policy, host);
  const { hostname, port } = new URL(`${protocol}//${host}`);
  const send = protocol === 'https:' ? requestHttps : requestHttp;
  const answer = new Promise<IncomingMessage>((resolve, reject) => {
    const options = {
      ...{ method, path, signal, lookup: only(addresses), agent: false as const, timeout: SILENCE_MS },
      ...{ hostname: hostname.replace(/^\[(.*)\]$/, '$1'), port: port || undefined },
      headers: {
        'user-agent': 'longshore',
        ...headers,
        ...(body ? { 'content-length': String(body.size) } : method === 'POST' ? { 'content-length': '0' } : {}),
      },
    };
    const request = send(options, resolve);
    request.once('timeout', () => request.destroy(new Error('the registry keeps silent')));
    request.once('error', reject);
    if (body) pipeline(Readable.from(body.read(), { objectMode: false }), request, (error) => error && reject(error));
    else request.end();
  });
  try {
    return await answer;
  } catch (error) {
    if (signal.aborted) throw new AppError('timeout', `The registry ${host} did not answer in time`, { cause: error });
    throw new AppError('unavailable', `The registry ${host} cannot be reached`, { cause: error });
  }
}

/** To these addresses, whatever the name resolves to by now. */
function only(addresses: string[]): LookupFunction {
  return (_, options, callback) => {
    const all = addresses.map((address) => ({ address, family: isIPv6(address) ? 6 : 4 }));
    const [first] = all;
    if (options.all) callback(null, all);
    else callback(null, first?.address ?? '', first?.family);
  };
}

/** Throws unavailable when it is longer than anything that is expected of a registry. */
export async function readAnswer(answer: IncomingMessage, host: string): Promise<Buffer> {
  const chunks: Buffer[] = [];
  let size = 0;
  try {
    for await (const chunk of answer) {
      size += chunk.length;
      if (size > MAX_ANSWER_BYTES)
        throw new AppError('unavailable', `The registry ${host} sends an answer without end`);
      chunks.push(chunk);
    }
  } catch (error) {
    if (error instanceof AppError) throw error;
    throw new AppError('unavailable', `The registry ${host} broke off its answer`, { cause: error });
  }
  return Buffer.concat(chunks);
}
