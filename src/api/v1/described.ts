/** A route takes the query and the body that it describes: whatever else comes with a request is a mistake to be told, not ignored. */
import type { Context, MiddlewareHandler } from 'hono';
import { routePath } from 'hono/route';
import { AppError } from '../../domain/errors.ts';
import type { Environment } from '../environment.ts';
import type { V1 } from './router.ts';

interface Description {
  query: Set<string>;
  takesBody: boolean;
}

/** Throws invalid, naming the parameter, or saying that there is no body to send. */
export function onlyWhatIsDescribed(v1: V1): MiddlewareHandler<Environment> {
  let descriptions: Map<string, Description> | undefined;
  return async (c, next) => {
    const query = c.req.url.indexOf('?');
    const mayHaveBody = c.req.method !== 'GET';
    if (query === -1 && !mayHaveBody) return next();
    descriptions ??= descriptionsOf(v1);
    const description = descriptions.get(`${c.req.method} ${routePath(c, -1)}`);
    if (description && query !== -1) refuseUnknown(new URLSearchParams(c.req.url.slice(query)), description.query);
    if (description && mayHaveBody && !description.takesBody) await refuseBody(c);
    return next();
  };
}

function descriptionsOf(v1: V1): Map<string, Description> {
  const routes = v1.openAPIRegistry.definitions.flatMap((each) => (each.type === 'route' ? [each.route] : []));
  return new Map(
    routes.map(({ method, path, request }) => {
      const { query, body } = request ?? {};
      const names = query && 'shape' in query ? Object.keys(query.shape as object) : [];
      const route = `${method.toUpperCase()} /v1${path.replace(/\{(\w+)\}/g, ':$1')}`;
      return [route, { query: new Set(names), takesBody: body !== undefined }];
    }),
  );
}

function refuseUnknown(query: URLSearchParams, known: Set<string>): void {
  const fields = [...new Set(query.keys())]
    .filter((name) => !known.has(name))
    .map((path) => ({ path, message: 'no such query parameter here' }));
  const [first] = fields;
  if (first) throw new AppError('invalid', `${first.path}: ${first.message}`, { details: { fields } });
}

/** An empty object is what many clients send when they mean nothing. */
async function refuseBody(c: Context<Environment>): Promise<void> {
  const text = (await c.req.text()).trim();
  if (text !== '' && text !== '{}') throw new AppError('invalid', 'body: this route takes none');
}
