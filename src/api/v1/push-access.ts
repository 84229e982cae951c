/** The route that gives a tenant a password for pushing to the provider's own registry. */
import { createRoute } from '@hono/zod-openapi';
import { z } from 'zod';
import type { Deps } from '../../context.ts';
import { grantPush } from '../../services/pushed-images.ts';
import { answers, idempotencyKey, json, jsonBody } from './openapi.ts';
import type { V1 } from './router.ts';

const wanted = z
  .strictObject({
    repositories: z
      .array(z.string().min(1).max(180))
      .min(1)
      .max(20)
      .describe("Names below the tenant's own, such as team/web; they are made"),
  })
  .meta({ id: 'NewPushAccess' });
const accessView = z
  .object({
    registry: z.string(),
    username: z.string(),
    password: z.string().nullable().describe('Shown once; null in a replay. It opens repositories of this tenant only'),
    expiresAt: z.iso.datetime(),
    repositories: z.array(z.string()).describe('Full names to tag images with before docker push'),
    login: z.string().describe('The command that takes the password on its standard input'),
  })
  .meta({ id: 'PushAccess' });

const route = createRoute({
  method: 'post',
  path: '/images/push-credentials',
  operationId: 'createPushCredentials',
  tags: ['images'],
  summary:
    "Get a password for docker push to the provider's own registry; what is pushed becomes an image of the tenant",
  request: { headers: idempotencyKey, body: jsonBody(wanted) },
  responses: answers({ 201: json(accessView, 'Good until it expires') }, 409, 422, 501, 504),
});

export function pushAccessRoutes(app: V1, deps: Deps): void {
  app.openapi(route, async (c) => {
    const { expiresAt, ...access } = await grantPush(deps, c.get('ctx'), c.req.valid('json').repositories);
    const login = `docker login --username ${access.username} --password-stdin ${access.registry}`;
    const body = { ...access, expiresAt: expiresAt.toISOString(), login };
    c.set('storedAnswer', { ...body, password: null });
    return c.json(body, 201);
  });
}
