/** The REST door: which routes there are, who may use them, and how a request that does not fit its schema is answered. */
import { OpenAPIHono } from '@hono/zod-openapi';
import type { Deps } from '../../context.ts';
import { AppError } from '../../domain/errors.ts';
import { createAuthenticator } from '../../services/authentication.ts';
import { createRateLimiter } from '../../services/rate-limits.ts';
import { operatorAuth, tenantAuth } from '../auth.ts';
import type { Environment } from '../environment.ts';
import { idempotency } from '../idempotency.ts';
import { containerRoutes } from './containers.ts';
import { containerVerbRoutes } from './container-verbs.ts';
import { recoverAnswer } from './recover.ts';
import { tenantRoutes } from './tenants.ts';

export type V1 = OpenAPIHono<Environment>;

export function createV1(deps: Deps): V1 {
  const authenticator = createAuthenticator(deps);
  const keepKeys = idempotency(deps, recoverAnswer(deps));

  const operator = router();
  operator.use('*', operatorAuth(authenticator), keepKeys);
  tenantRoutes(operator, deps);

  const tenant = router();
  tenant.use('*', tenantAuth(authenticator, createRateLimiter(deps)), keepKeys);
  containerRoutes(tenant, deps);
  containerVerbRoutes(tenant, deps);

  const v1 = router();
  v1.use('/tenants/*', async (_c, next) => next());
  v1.route('/', operator);
  v1.route('/', tenant);
  return v1;
}

function router(): V1 {
  return new OpenAPIHono<Environment>({
    defaultHook: (result) => {
      if (result.success) return;
      const fields = result.error.issues.map((issue) => ({ path: issue.path.join('.'), message: issue.message }));
      const first = fields[0];
      throw new AppError('invalid', first ? `${first.path || 'body'}: ${first.message}` : 'The request is not valid', { details: { fields } });
    },
  });
}
