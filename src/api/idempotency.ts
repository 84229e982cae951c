/**
 * Idempotency-Key on every POST: the first answer is stored and replayed; see docs/architecture.md for what is not stored.
 * Operator requests have no tenant of their own and use the shared tenant's scope.
 */
import type { Context, MiddlewareHandler } from 'hono';
import { routePath } from 'hono/route';
import type { Deps } from '../context.ts';
import { sha256 } from '../domain/clock.ts';
import { AppError } from '../domain/errors.ts';
import { SHARED_TENANT_ID } from '../domain/principal.ts';
import { claimKey, finishKey, type KeyClaim, whileHeld } from '../services/idempotency.ts';
import type { Environment } from './environment.ts';
import { asAppError, toProblem } from './errors.ts';

/** Answers for what an attempt before a crash did, from the resource it left. */
export type Recover = (c: Context<Environment>, resource: string) => Promise<Response>;

export function idempotency(deps: Deps, recover: Recover): MiddlewareHandler<Environment> {
  return async (c, next) => {
    const key = c.req.header('idempotency-key');
    if (key === undefined) return next();
    if (!/^[\x21-\x7e]([\x20-\x7e]{0,253}[\x21-\x7e])?$/.test(key)) {
      throw new AppError('invalid', 'Idempotency-Key must be 1 to 255 printable ASCII characters');
    }
    const principal = c.get('principal');
    const tenantId = principal.kind === 'tenant' ? principal.tenantId : SHARED_TENANT_ID;
    const route = `POST ${routePath(c, -1)}`;
    const requestHash = sha256(`${c.req.path}\n${new URL(c.req.url).search}\n${await c.req.text()}`);
    const state = await claimKey(deps, { tenantId, route, key, requestHash });
    switch (state.kind) {
      case 'done':
        return replay(c, state.status, state.body);
      case 'busy':
        throw new AppError('conflict', 'A request with this Idempotency-Key is being worked on', {
          details: { retryAfterSeconds: 1 },
        });
      case 'mismatch':
        throw new AppError('idempotency_mismatch', 'This Idempotency-Key was sent with another request; use a new one');
    }
    const claim: KeyClaim = { route, key, attempt: state.attempt };
    if (state.kind === 'accepted') {
      const response = await whileHeld(deps, tenantId, claim, () => recover(c, state.resource));
      await finishKey(deps, tenantId, claim, { status: response.status, body: await response.clone().text() });
      return response;
    }
    if (principal.kind === 'tenant') c.set('ctx', { ...c.get('ctx'), claim });
    else c.set('operatorCtx', { ...c.get('operatorCtx'), claim });
    await whileHeld(deps, tenantId, claim, async () => {
      await next();
      await finishKey(deps, tenantId, claim, await storedAnswer(c));
    });
  };
}

/** Streams and secrets are not stored; their handlers leave what a replay may show. */
async function storedAnswer(c: Context<Environment>): Promise<{ status: number; body: string }> {
  if (c.error) {
    const { status, body } = toProblem(asAppError(c.error), c.get('requestId'));
    return { status, body: JSON.stringify(body) };
  }
  const stored = c.get('storedAnswer');
  const body = stored === undefined ? await c.res.clone().text() : JSON.stringify(stored);
  return { status: c.res.status, body };
}

function replay(c: Context<Environment>, status: number, body: string): Response {
  const type = status >= 400 ? 'application/problem+json' : 'application/json';
  const headers = { 'content-type': type, 'idempotency-replayed': 'true', 'x-request-id': c.get('requestId') };
  return new Response(status === 204 ? null : body, { status, headers });
}
