/** From what a request and its connection carry (a key, a client certificate, a ticket) to who sent it. */
import type { IncomingMessage } from 'node:http';
import type { Socket } from 'node:net';
import { TLSSocket } from 'node:tls';
import type { Context, MiddlewareHandler } from 'hono';
import type { Ctx, Deps } from '../context.ts';
import { sha256 } from '../domain/clock.ts';
import { AppError } from '../domain/errors.ts';
import type { Principal, TenantPrincipal } from '../domain/principal.ts';
import { type Authenticator, spendTicket } from '../services/authentication.ts';
import type { RateLimiter } from '../services/rate-limits.ts';
import type { Environment } from './environment.ts';

/**
 * Who sent a request, plain or upgraded: by its key, or by the client certificate of its connection. With both, both must be
 * good and stand for the same. Throws unauthenticated.
 */
export async function principalOf(authenticator: Authenticator, incoming: IncomingMessage): Promise<Principal> {
  const fingerprint = certificateOf(incoming.socket);
  const key = bearerKey(incoming);
  const holder = fingerprint === null ? null : await authenticator.byCertificate(fingerprint);
  const bearer = key === null ? null : await authenticator.byKey(key);
  if (holder && bearer && !standForTheSame(holder, bearer)) {
    throw new AppError(
      'unauthenticated',
      'The key and the client certificate stand for different tenants or roles: send one',
    );
  }
  const principal = bearer ?? holder;
  if (!principal) throw new AppError('unauthenticated', missing(incoming.socket));
  return principal;
}

/** The key of a request, null without one. Throws unauthenticated for anything else that claims to be one. */
function bearerKey({ headersDistinct }: IncomingMessage): string | null {
  const [given, ...more] = headersDistinct.authorization ?? [];
  if (given === undefined) return null;
  if (more.length > 0) throw new AppError('unauthenticated', 'Send one Authorization header');
  const match = /^Bearer +([^ ]+) *$/i.exec(given);
  if (!match?.[1]) throw new AppError('unauthenticated', 'Send a key: "Authorization: Bearer lsk_…"');
  return match[1];
}

const fingerprints = new WeakMap<TLSSocket, string | null>();

/**
 * The client certificate of a connection, once its holder has proved to have the key and our authority to have signed it.
 * A certificate of anybody else counts as none.
 */
function certificateOf(socket: Socket): string | null {
  if (!(socket instanceof TLSSocket)) return null;
  const known = fingerprints.get(socket);
  if (known !== undefined) return known;
  const raw = socket.authorized ? socket.getPeerX509Certificate()?.raw : undefined;
  const fingerprint = raw ? sha256(raw) : null;
  fingerprints.set(socket, fingerprint);
  return fingerprint;
}

function missing(socket: Socket): string {
  return socket instanceof TLSSocket && socket.getPeerX509Certificate()
    ? 'The client certificate is not of this Longshore, or has expired'
    : 'Send a key: "Authorization: Bearer lsk_…"';
}

function standForTheSame(holder: TenantPrincipal, bearer: Principal): boolean {
  return bearer.kind === 'tenant' && bearer.tenantId === holder.tenantId && bearer.role === holder.role;
}

/** The log and the signal come into being when they are asked for, which most requests never do. */
function contextFor<P extends Principal>(c: Context<Environment>, principal: P): Ctx<P> {
  return {
    principal,
    requestId: c.get('requestId'),
    get log() {
      return c.get('log')();
    },
    get signal() {
      return c.req.raw.signal;
    },
    claim: null,
  };
}

/** Routes of a tenant: its key, within its rate. */
export function tenantAuth(authenticator: Authenticator, limiter: RateLimiter): MiddlewareHandler<Environment> {
  return async (c, next) => {
    const principal = await principalOf(authenticator, c.env.incoming);
    if (principal.kind !== 'tenant')
      throw new AppError('forbidden', 'This route needs the key of a tenant, not the operator key');
    await admit(c, limiter, principal);
    return next();
  };
}

/** Routes that browsers open without headers: a ticket of the tenant, or as `otherwise` says. */
export function ticketAuth(
  deps: Deps,
  limiter: RateLimiter,
  otherwise: MiddlewareHandler<Environment>,
): MiddlewareHandler<Environment> {
  return async (c, next) => {
    const ticket = c.req.query('ticket');
    if (ticket === undefined) return otherwise(c, next);
    await admit(c, limiter, await spendTicket(deps, ticket));
    return next();
  };
}

async function admit(c: Context<Environment>, limiter: RateLimiter, principal: TenantPrincipal): Promise<void> {
  await limiter.take(principal.tenantId);
  c.set('principal', principal);
  c.set('ctx', contextFor(c, principal));
}

/** URLs are logged and remembered by everything on their way. */
export function refuseKeyInUrl(url: string): void {
  if (/lsk(_|%5f)[0-9a-z]{16}/i.test(url)) {
    throw new AppError('invalid', 'Never put a key into a URL; this one should be revoked. Use a ticket instead');
  }
}

/** Paths of the operator, who has a key of his own. */
export const isOperatorsPath = (path: string): boolean => /^\/v1\/(tenants|orphans)(\/|$)/.test(path);

/** Routes of the operator. */
export function operatorAuth(authenticator: Authenticator): MiddlewareHandler<Environment> {
  return async (c, next) => {
    const principal = await principalOf(authenticator, c.env.incoming);
    if (principal.kind !== 'operator') throw new AppError('forbidden', 'This route needs the operator key');
    c.set('principal', principal);
    c.set('operatorCtx', contextFor(c, principal));
    return next();
  };
}
