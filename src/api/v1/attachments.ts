/** Routes that put a container on a network and take it off again. */
import { createRoute } from '@hono/zod-openapi';
import type { Context } from 'hono';
import { z } from 'zod';
import type { Deps } from '../../context.ts';
import { networkAliases } from '../../domain/container-spec.ts';
import { connectContainer, disconnectContainer } from '../../services/attachments.ts';
import type { VerbResult } from '../../services/container-verbs.ts';
import type { Environment } from '../environment.ts';
import { verbView } from './container-verbs.ts';
import { viewContainer } from './container-views.ts';
import { containerPath } from './containers.ts';
import { networkPath } from './networks.ts';
import { answers, idempotencyKey, json, jsonBody } from './openapi.ts';
import type { V1 } from './router.ts';

const { container } = containerPath.shape;

function route<P extends string, B extends z.ZodType>(path: P, operationId: string, summary: string, body: B) {
  return createRoute({
    method: 'post',
    path: `/networks/{network}/${path}` as `/networks/{network}/${P}`,
    operationId,
    tags: ['networks'],
    summary,
    request: { params: networkPath, headers: idempotencyKey, body: jsonBody(body) },
    responses: answers(
      { 200: json(verbView, 'As asked'), 202: json(verbView, 'Accepted and still on its way') },
      ...([404, 409, 413, 422, 501] as const),
    ),
  });
}

const routes = {
  connect: route(
    'connect',
    'connectContainer',
    'Put a container on a network, running or not',
    z
      .strictObject({ container, aliases: networkAliases.default([]).describe('Further names of it on this network') })
      .meta({ id: 'NetworkConnection', examples: [{ container: 'web', aliases: ['www'] }] }),
  ),
  disconnect: route(
    'disconnect',
    'disconnectContainer',
    'Take a container off a network, running or not',
    z.strictObject({ container }).meta({ id: 'NetworkDisconnection' }),
  ),
};

export function attachmentRoutes(app: V1, deps: Deps): void {
  const answer = (c: Context<Environment>, { container: found, changed, operationId, converged }: VerbResult) =>
    c.json({ ...viewContainer(found), changed, operationId }, converged ? 200 : 202);

  app.openapi(routes.connect, async (c) => {
    const at = { ...c.req.valid('param'), ...c.req.valid('json') };
    return answer(c, await connectContainer(deps, c.get('ctx'), at));
  });
  app.openapi(routes.disconnect, async (c) => {
    const at = { ...c.req.valid('param'), ...c.req.valid('json') };
    return answer(c, await disconnectContainer(deps, c.get('ctx'), at));
  });
}
