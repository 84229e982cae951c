/** Bearer keys, and tickets where a browser can send no header, to contexts. */
import type { IncomingMessage } from 'node:http';
import type { Context, MiddlewareHandler } from 'hono';
import type { Ctx, Deps } from '../context.ts';
import { AppError } from '../domain/errors.ts';
import type { Principal, TenantPrincipal } from '../domain/principal.ts';
import { type Authenticator, spendTicket } from '../services/authentication.ts';
import type { RateLimiter } from '../services/rate-limits.ts';
import type { Environment } from './environment.ts';

/** The key of a request. Throws unauthenticated without one, and for more than one Authorization header. */
function bearerKey(c: Context<Environment>): string {
  const given = c.env?.incoming?.headersDistinct?.authorization;
  if (given && given.length > 1) throw new AppError('unauthenticated', 'Send one Authorization header');
  const match = /^Bearer +([^ ]+) *$/i.exec(c.req.header('authorization') ?? '');
  if (!match?.[1]) throw new AppError('unauthenticated', 'Send a key: "Authorization: Bearer lsk_…"');
  return match[1];
}

/** Who sent this request, plain or to be upgraded. Throws unauthenticated, also for more than one credential. */
export function principalOf(authenticator: Authenticator, { headersDistinct }: IncomingMessage): Promise<Principal> {
  const given = headersDistinct.authorization ?? [];
  if (given.length > 1) throw new AppError('unauthenticated', 'Send one Authorization header');
  const match = /^Bearer +([^ ]+) *$/i.exec(given[0] ?? '');
  if (!match?.[1]) throw new AppError('unauthenticated', 'Send a key: "Authorization: Bearer lsk_…"');
  return authenticator.byKey(match[1]);
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
    const principal = await authenticator.byKey(bearerKey(c));
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

/** Routes of the operator. */
export function operatorAuth(authenticator: Authenticator): MiddlewareHandler<Environment> {
  return async (c, next) => {
    const principal = await authenticator.byKey(bearerKey(c));
    if (principal.kind !== 'operator') throw new AppError('forbidden', 'This route needs the operator key');
    c.set('principal', principal);
    c.set('operatorCtx', contextFor(c, principal));
    return next();
  };
}
