/** What middleware puts beside a request for its handler. */
import type { HttpBindings } from '@hono/node-server';
import type { Logger } from 'pino';
import type { Ctx } from '../context.ts';
import type { OperatorPrincipal, Principal, TenantPrincipal } from '../domain/principal.ts';

export interface Environment {
  Bindings: HttpBindings;
  Variables: {
    requestId: string;
    /** The request's own; made when something is to be said, which is seldom. */
    log: () => Logger;
    /** Of the Docker door: its operation, for the metrics. */
    route: string;
    principal: Principal;
    /** Set on routes of a tenant. */
    ctx: Ctx<TenantPrincipal>;
    /** Set on routes of the operator. */
    operatorCtx: Ctx<OperatorPrincipal>;
    /** What a replay of this answer shows instead of it, where the answer carries a secret or a stream. */
    storedAnswer: unknown;
  };
}
