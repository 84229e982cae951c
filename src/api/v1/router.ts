/** The router that all /v1 routes are put on: a request that does not fit its schema is refused with every field named. */
import { OpenAPIHono } from '@hono/zod-openapi';
import { AppError } from '../../domain/errors.ts';
import type { Environment } from '../environment.ts';

export type V1 = OpenAPIHono<Environment>;

export function router(): V1 {
  return new OpenAPIHono<Environment>({
    defaultHook: (result) => {
      if (result.success) return;
      const fields = result.error.issues.map((issue) => ({ path: issue.path.join('.'), message: issue.message }));
      const first = fields[0];
      const place = result.target === 'json' ? 'body' : result.target;
      throw new AppError('invalid', first ? `${first.path || place}: ${first.message}` : 'The request is not valid', {
        details: { fields },
      });
    },
  });
}
