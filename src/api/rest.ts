/** The door of our own, put into its surroundings: /v1, the probes, what describes it. */
import type { Hono } from 'hono';
import type { Deps } from '../context.ts';
import { isReady } from '../services/readiness.ts';
import type { Admission } from './admission.ts';
import { limitBody } from './body-limit.ts';
import type { Environment } from './environment.ts';
import { metricsForOperator } from './metrics.ts';
import { describeApi, type OpenApiDocument } from './openapi.ts';
import { referencePolicy, renderReference } from './reference.ts';
import { createV1 } from './v1/app.ts';

/** Asking another request for its body makes the adapter build a whole one of fetch's. */
const withBody = ['POST', 'PUT', 'PATCH', 'DELETE'];

export function addRest(app: Hono<Environment>, deps: Deps, admission: Admission): Hono<Environment> {
  app.on(withBody, '*', limitBody);
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
