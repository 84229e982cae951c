/** What Prometheus reads, and the counting of requests. Routes are counted by their template, so that ids do not become labels. */
import { Hono, type MiddlewareHandler } from 'hono';
import { matchedRoutes } from 'hono/route';
import type { Deps } from '../context.ts';
import { createAuthenticator } from '../services/authentication.ts';
import { exposeMetrics } from '../services/metrics.ts';
import { operatorAuth } from './auth.ts';
import type { Environment } from './environment.ts';

export function countRequests(deps: Deps): MiddlewareHandler<Environment> {
  return async (c, next) => {
    const end = deps.metrics.request();
    await next();
    // The handler that answered, or the one behind the middleware that refused.
    const routes = matchedRoutes(c);
    const route = [routes[c.req.routeIndex], routes.at(-1)].find((matched) => matched && !matched.path.includes('*'));
    end({ method: c.req.method, route: c.get('route') ?? route?.path ?? 'none', status: c.res.status });
  };
}

/** GET /metrics, for the operator key. */
export function metricsForOperator(deps: Deps): Hono<Environment> {
  const app = new Hono<Environment>();
  app.use('/metrics', operatorAuth(createAuthenticator(deps)));
  return app.route('/', metricsForAnyone(deps));
}

/** GET /metrics without a key: for an address of its own that only the operator's network reaches. */
export function metricsForAnyone(deps: Deps): Hono<Environment> {
  const app = new Hono<Environment>();
  app.get('/metrics', async (c) => {
    const { contentType, text } = await exposeMetrics(deps);
    return c.body(text, 200, { 'content-type': contentType });
  });
  return app;
}
