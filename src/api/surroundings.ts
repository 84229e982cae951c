/** What surrounds every door: request ids, the count of requests, and what becomes of errors and of paths that nobody has. */
import { Hono } from 'hono';
import type { Deps } from '../context.ts';
import { AppError } from '../domain/errors.ts';
import type { Environment } from './environment.ts';
import { asAppError, toProblem } from './errors.ts';
import { countRequests } from './metrics.ts';

/** An app for doors to be put into, the one whose paths are its own first. */
export function surroundings(deps: Deps): Hono<Environment> {
  const app = new Hono<Environment>();
  app.use('*', countRequests(deps));
  app.use('*', async (c, next) => {
    const requestId = deps.ids.uuid();
    c.set('requestId', requestId);
    c.set('log', () => deps.log.child({ requestId }));
    await next();
    c.res.headers.set('x-request-id', requestId);
    c.res.headers.set('x-content-type-options', 'nosniff');
    if (!c.res.headers.has('cache-control')) c.res.headers.set('cache-control', 'no-store');
  });
  app.onError((error, c) => {
    const appError = asAppError(error);
    const requestId = c.get('requestId');
    if (appError.code === 'internal') c.get('log')().error({ err: error }, 'request failed');
    const { status, headers, body } = toProblem(appError, requestId);
    return new Response(JSON.stringify(body), { status, headers });
  });
  app.notFound((c) => {
    throw new AppError('not_found', `There is no ${c.req.method} ${c.req.path}`);
  });
  return app;
}
