/**
 * The way to the Engine: one request at a time through dockerode's modem, each with its signal and its error mapped.
 * dockerode's resource methods are not used: some of them drop the signal, others part of the answer. Knows no resource.
 */
import type { IncomingHttpHeaders } from 'node:http';
import type { Socket } from 'node:net';
import { Readable } from 'node:stream';
import Docker from 'dockerode';
import { z } from 'zod';
import type { Clock } from '../../domain/clock.ts';
import { AppError } from '../../domain/errors.ts';
import type { CallOptions } from '../provider.ts';
import { type Subject, toAppError } from './errors.ts';
import type { Turns } from './turns.ts';

export interface EngineRequest {
  method: 'GET' | 'HEAD' | 'POST' | 'PUT' | 'DELETE';
  /** Without version and query; every part of it went through `safeName` or an image reference's grammar. */
  path: string;
  query?: Record<string, unknown>;
  body?: object;
  /** A tar to be sent as the body, as fast as the Engine takes it. */
  upload?: AsyncIterable<Uint8Array>;
  /** Goes into X-Registry-Auth. */
  auth?: object | undefined;
  subject: Subject;
}

export type EngineAnswer = Readable & { headers: IncomingHttpHeaders };

export interface Engine {
  /** For calls whose answer says nothing. */
  call(request: EngineRequest, options: CallOptions): Promise<void>;
  /** The answer's JSON, of which the schema says what is wanted. */
  ask<T>(request: EngineRequest, schema: z.ZodType<T>, options: CallOptions): Promise<T>;
  /** The answer's headers, for HEAD. */
  head(request: EngineRequest, options: CallOptions): Promise<IncomingHttpHeaders>;
  /** The answer's body as it comes. Ends with an error when the signal aborts. */
  stream(request: EngineRequest, options: CallOptions): Promise<EngineAnswer>;
  /** The raw connection after the Engine agreed to the upgrade; destroyed when the signal aborts. */
  hijack(request: EngineRequest, options: CallOptions): Promise<Socket>;
}

/** What every part of this provider works with. */
export interface Site {
  engine: Engine;
  clock: Clock;
  /** By image id. */
  inTurn: Turns;
  /** Networks that were there when they were looked for, with their tenants; forgotten as soon as one is missed. */
  knownNetworks: Map<string, string>;
  installId: string;
  /** The address that published ports are bound to. */
  publishAddress: string;
  log(event: string, data: Record<string, unknown>): void;
}

const statusCodes = { 200: true, 201: true, 204: true, 304: true };
/** Engine 20.10. Engines that no longer speak it are asked in the oldest version they speak. */
const preferredApi = '1.41';
const versionAnswer = z.object({ ApiVersion: z.string(), MinAPIVersion: z.string() });

/** @param dockerHost `unix:///path` or `tcp://host:port`; DOCKER_HOST and its kin in the environment are ignored. */
export function connectEngine(dockerHost: string): Engine {
  const { modem } = new Docker({ ...address(dockerHost), protocol: 'http', version: undefined, timeout: undefined });
  /** `/v1.41` once the Engine was asked. */
  let prefix = '';

  function dial(request: EngineRequest, signal: AbortSignal, kind: object): Promise<unknown> {
    return new Promise((resolve, reject) => {
      const abort = () => reject(signal.reason);
      if (signal.aborted) return abort();
      signal.addEventListener('abort', abort, { once: true });
      const { method, path, query = {}, body = {}, auth, upload } = request;
      const options = { _query: query, _body: body };
      const call = {
        method,
        path: `${prefix}${path}?`,
        options,
        authconfig: auth,
        file: upload && asReadable(upload),
        abortSignal: signal,
        statusCodes,
        ...kind,
      };
      modem.dial(call, (error, answer) => {
        signal.removeEventListener('abort', abort);
        if (error) reject(error);
        else resolve(answer);
      });
    });
  }

  async function negotiate(signal: AbortSignal): Promise<void> {
    if (prefix !== '') return;
    const asked = { method: 'GET', path: '/version', subject: { noun: 'engine' } } as const;
    const answer = await readText((await dial(asked, signal, { isStream: true })) as Readable);
    const { ApiVersion, MinAPIVersion } = versionAnswer.parse(JSON.parse(answer));
    if (older(ApiVersion, preferredApi)) {
      throw new AppError(
        'unsupported',
        `The Docker Engine speaks API ${ApiVersion}; ${preferredApi} is the oldest that will do`,
      );
    }
    prefix = `/v${older(preferredApi, MinAPIVersion) ? MinAPIVersion : preferredApi}`;
  }

  async function send<T>(
    request: EngineRequest,
    { signal, mayAct }: CallOptions,
    kind: object,
    read: (answer: unknown) => T | Promise<T>,
  ): Promise<T> {
    try {
      await negotiate(signal);
      if (mayAct?.() === false) throw new AppError('timeout', 'Another worker has taken over');
      return await read(await dial(request, signal, kind));
    } catch (error) {
      throw toAppError(error, request.subject, signal);
    }
  }

  return {
    call: (request, options) =>
      send(request, options, { isStream: true }, async (body) => void (await readText(body as Readable))),
    ask: (request, schema, options) =>
      send(request, options, { isStream: true }, async (body) =>
        schema.parse(JSON.parse(await readText(body as Readable))),
      ),
    head: (request, options) =>
      send(request, options, { isStream: true }, (answer) => {
        const { headers } = (answer as EngineAnswer).resume();
        return headers;
      }),
    stream: (request, options) => send(request, options, { isStream: true }, (answer) => answer as EngineAnswer),
    hijack: async (request, options) => {
      const socket = await send(request, options, { isStream: true, hijack: true }, (answer) => answer as Socket);
      // Whoever reads or writes is told; with nobody there at that moment it would end the process.
      socket.on('error', () => {});
      const destroy = () => socket.destroy();
      if (options.signal.aborted) destroy();
      options.signal.addEventListener('abort', destroy, { once: true });
      socket.once('close', () => options.signal.removeEventListener('abort', destroy));
      return socket;
    },
  };
}

const asReadable = (source: AsyncIterable<Uint8Array>): Readable =>
  source instanceof Readable ? source : Readable.from(source, { objectMode: false });

/** Read here, because the modem would wait for the rest of a body whose connection broke. */
async function readText(body: Readable): Promise<string> {
  const chunks: Buffer[] = [];
  for await (const chunk of body) chunks.push(chunk);
  return Buffer.concat(chunks).toString();
}

/** The modem reads DOCKER_HOST wherever a setting is missing, so that each is named, even to say that there is none. */
function address(dockerHost: string): { socketPath?: string; host?: string; port?: number } {
  if (dockerHost.startsWith('unix://')) {
    return { socketPath: dockerHost.slice('unix://'.length), host: undefined, port: undefined };
  }
  const url = URL.canParse(dockerHost) ? new URL(dockerHost) : null;
  if (url?.protocol !== 'tcp:' || !url.hostname) {
    throw new AppError(
      'invalid',
      `DOCKER_HOST must be unix:///path or tcp://host:port, not ${JSON.stringify(dockerHost)}`,
    );
  }
  return { socketPath: undefined, host: url.hostname, port: Number(url.port || 2375) };
}

function older(version: string, than: string): boolean {
  return version.localeCompare(than, 'en', { numeric: true }) < 0;
}

/**
 * A name or id as part of a path. Ours all match; anything else would reach another route or crash the modem's redirect
 * handling, so it is refused before it gets there.
 */
export function safeName(name: string): string {
  if (!/^[a-zA-Z0-9][a-zA-Z0-9_.-]*$/.test(name)) throw new AppError('internal', 'A provider key has a wrong form');
  return name;
}
