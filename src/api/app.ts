/** The whole HTTP surface: what surrounds the doors (request ids, limits, errors, probes) and the doors themselves. */
import { Hono } from 'hono';
import type { Deps } from '../context.ts';
import { AppError } from '../domain/errors.ts';
import { isReady } from '../services/readiness.ts';
import { type Admission, createAdmission } from './admission.ts';
import { limitBody } from './body-limit.ts';
import { createDockerDoor, type DockerDoor } from './docker/app.ts';
import type { Environment } from './environment.ts';
import { asAppError, toProblem } from './errors.ts';
import { countRequests, metricsForOperator } from './metrics.ts';
import { describeApi, type OpenApiDocument } from './openapi.ts';
import { referencePolicy, renderReference } from './reference.ts';
import { createV1 } from './v1/app.ts';

/** Asking another request for its body makes the adapter build a whole one of fetch's. */
const withBody = ['POST', 'PUT', 'PATCH', 'DELETE'];

export function createApp(
  deps: Deps,
  admission: Admission = createAdmission(deps),
  door: DockerDoor = createDockerDoor(deps, admission),
): Hono<Environment> {
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
  app.use('*', door.middleware);
  app.on(withBody, '*', limitBody);
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

  app.get('/healthz', (c) => c.json({ status: 'ok' }));
  app.get('/readyz', async (c) => {
    const parts = await isReady(deps, c.req.raw.signal);
    return c.json(parts, parts.database && parts.provider ? 200 : 503);
  });
  app.route('/', metricsForOperator(deps));
  const v1 = createV1(deps, admission);
  app.route('/v1', v1);
  let document: OpenApiDocument | undefined;
  const describe = () => (document ??= describeApi(v1));
  app.get('/openapi.json', (c) => c.json(describe()));
  app.get('/docs', (c) => c.html(renderReference(describe()), 200, { 'content-security-policy': referencePolicy }));
  return app;
}
