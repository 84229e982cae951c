/**
 * The Docker door: the Engine API for one tenant at a time. It terminates the protocol: what is not in operations.ts does not
 * exist, every reference is resolved among the tenant's own objects, and nothing of a request is ever forwarded.
 */
import type { IncomingMessage, ServerResponse } from 'node:http';
import { type Duplex, Readable } from 'node:stream';
import type { MiddlewareHandler } from 'hono';
import type { Logger } from 'pino';
import type { Ctx, Deps } from '../../context.ts';
import { AppError } from '../../domain/errors.ts';
import type { Admission } from '../admission.ts';
import { principalOf } from '../auth.ts';
import type { Environment } from '../environment.ts';
import { asAppError, toDockerError } from '../errors.ts';
import { requireTwoWay } from '../two-way.ts';
import { commonHeaders, toBytes, toResponse } from './answer.ts';
import { afterHead, agreement, isOpened, isWebSocket, type Opened, plainly, relay } from './hijack.ts';
import { findOperation, type Match } from './operations.ts';
import { parseDockerPath } from './paths.ts';
import { Query } from './query.ts';
import type { DockerAnswer, DockerRequest, Door } from './request.ts';
import { checkVersion, isServed } from './versions.ts';

export interface DockerDoor {
  /** Answers what is the door's and leaves the rest to whoever comes next. */
  middleware: MiddlewareHandler<Environment>;
  /** Answers what needs no credential, without everything that surrounds other requests. False when it is not such a request. */
  answersAnyone(incoming: IncomingMessage, outgoing: ServerResponse): boolean;
  /** For connections that shall carry more than one answer; see `opensHijack`. */
  upgrade(incoming: IncomingMessage, socket: Duplex, head: Buffer): void;
}

/** A request as both ways in see it. */
interface Arrival {
  incoming: IncomingMessage;
  requestId: string;
  log: () => Logger;
  /** Aborts when the client goes away. */
  readonly signal: AbortSignal;
  body: DockerRequest['body'];
}

export function createDockerDoor(deps: Deps, { authenticator, limiter, streams }: Admission): DockerDoor {
  const door: Door = { deps, streams, liveExecs: new Map() };

  async function enter(arrival: Arrival): Promise<Ctx> {
    const principal = await principalOf(authenticator, arrival.incoming);
    if (principal.kind !== 'tenant') {
      throw new AppError('forbidden', 'The Docker API is for tenants: use the key of a tenant, not the operator key');
    }
    await limiter.take(principal.tenantId);
    return {
      principal,
      requestId: arrival.requestId,
      get log() {
        return arrival.log();
      },
      get signal() {
        return arrival.signal;
      },
      claim: null,
    };
  }

  /** @param told hears which operation it is, for the metrics */
  async function serve(arrival: Arrival, told: (route: string) => void): Promise<DockerAnswer | Opened> {
    const { url: target = '', method = '', headers } = arrival.incoming;
    try {
      const { version: asked, path } = parseDockerPath(target) ?? { version: undefined, path: target };
      const version = checkVersion(asked);
      const match = findOperation(method, path);
      if (!match) throw new AppError('not_found', 'page not found');
      told(`docker ${match.operation.path}`);
      return await perform(arrival, match, {
        version,
        query: new Query(target),
        header: (name) => single(headers[name]),
      });
    } catch (error) {
      const appError = asAppError(error);
      if (appError.code === 'internal') arrival.log().error({ err: error }, 'request failed');
      return toDockerError(appError, arrival.requestId);
    }
  }

  async function perform(
    arrival: Arrival,
    { operation: { verdict }, params }: Match,
    rest: Pick<DockerRequest, 'version' | 'query' | 'header'>,
  ): Promise<DockerAnswer | Opened> {
    if (verdict.kind === 'open') return verdict.answer;
    const request: DockerRequest = { ctx: await enter(arrival), params, body: arrival.body, ...rest };
    if (verdict.kind === 'refuse') throw new AppError(verdict.code, verdict.message);
    if (verdict.kind === 'serve') return verdict.handler(door, request);
    requireTwoWay(deps);
    return verdict.opener(door, request);
  }

  return {
    middleware: async (c, next) => {
      const incoming = c.env?.incoming;
      if (!incoming || !parseDockerPath(incoming.url ?? '')) return next();
      const arrival: Arrival = {
        incoming,
        requestId: c.get('requestId'),
        log: c.get('log'),
        get signal() {
          return c.req.raw.signal;
        },
        body: () => incoming,
      };
      const answer = await serve(arrival, (route) => c.set('route', route));
      return toResponse(isOpened(answer) ? plainly(answer, incoming) : answer, (reason) => {
        if (!arrival.signal.aborted) arrival.log().warn({ err: reason }, 'a stream broke off');
        c.env.outgoing.destroy();
      });
    },
    answersAnyone,
    upgrade: (incoming, socket, head) => void upgrade(incoming, socket, head),
  };

  /** Never rejects: whatever goes wrong is told to the client, if it is still there. */
  async function upgrade(incoming: IncomingMessage, socket: Duplex, head: Buffer): Promise<void> {
    const requestId = deps.ids.uuid();
    const log = () => deps.log.child({ requestId });
    const gone = new AbortController();
    const end = deps.metrics.request();
    let route = 'docker';
    // Whoever reads or writes is told; with nobody there at that moment it would end the process.
    socket.on('error', () => {});
    socket.once('close', () => gone.abort());
    try {
      const body = isWebSocket(incoming) ? noBody : afterHead(incoming, socket, head);
      const answer = await serve({ incoming, requestId, log, signal: gone.signal, body }, (path) => {
        route = path;
      });
      end({ method: incoming.method ?? '', route, status: isOpened(answer) ? 101 : answer.status });
      if (!isOpened(answer)) socket.end(toBytes(answer));
      else if (isWebSocket(incoming)) {
        const { relayWebSocket } = await import('./attach-socket.ts');
        await relayWebSocket(answer, incoming, socket, head);
      } else {
        socket.write(agreement(answer));
        await relay(answer, socket);
      }
    } catch (error) {
      if (!gone.signal.aborted) log().warn({ err: error }, 'an upgraded connection broke off');
      socket.destroy();
    }
  }
}

/** Where a connection carries none. */
const noBody = (): Readable => Readable.from([]);

const single = (value: string | string[] | undefined): string | undefined => (Array.isArray(value) ? value[0] : value);

/** Probes come often, and from those who wait: `/_ping` costs next to nothing. */
function answersAnyone({ url = '', method = '' }: IncomingMessage, outgoing: ServerResponse): boolean {
  if (!url.endsWith('/_ping')) return false;
  const path = parseDockerPath(url);
  const verdict = path && findOperation(method, path.path)?.operation.verdict;
  if (verdict?.kind !== 'open' || !isServed(path?.version)) return false;
  const { answer, text } = verdict;
  const headers = { ...commonHeaders, ...answer.headers, 'content-length': text.length };
  outgoing.writeHead(answer.status, headers).end(text);
  return true;
}
