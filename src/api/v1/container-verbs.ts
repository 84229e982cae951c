/** Routes that change a container's state. Each answers the container and whether anything had to change. */
import { createRoute } from '@hono/zod-openapi';
import type { Context } from 'hono';
import { z } from 'zod';
import type { Deps } from '../../context.ts';
import {
  changeableResources,
  containerName,
  containerSpec,
  graceSeconds,
  signalName,
} from '../../domain/container-spec.ts';
import { updateContainer } from '../../services/container-update.ts';
import {
  killContainer,
  pauseContainer,
  removeContainer,
  renameContainer,
  restartContainer,
  startContainer,
  stopContainer,
  unpauseContainer,
  type VerbResult,
} from '../../services/container-verbs.ts';
import type { Environment } from '../environment.ts';
import { containerView, viewContainer } from './container-views.ts';
import { containerPath } from './containers.ts';
import { answers, flag, idempotencyKey, json } from './openapi.ts';
import type { V1 } from './router.ts';

export const verbView = containerView
  .extend({
    changed: z.boolean().describe('False when it was as asked already'),
    operationId: z.string().nullable(),
  })
  .meta({ id: 'ContainerChange' });

const noBody = z.strictObject({});
const stopBody = z
  .strictObject({ signal: signalName.optional(), graceSeconds: graceSeconds.optional() })
  .meta({ id: 'StopOptions' });

const updateBody = z
  .strictObject({ resources: changeableResources.optional(), restart: containerSpec.shape.restart.unwrap().optional() })
  .meta({ id: 'ContainerUpdate' });

function verb<P extends string, B extends z.ZodType>(path: P, summary: string, body: B, required = false) {
  return createRoute({
    method: 'post',
    path: `/containers/{container}/${path}` as `/containers/{container}/${P}`,
    operationId: `${path}Container`,
    tags: ['containers'],
    summary,
    request: {
      params: containerPath,
      headers: idempotencyKey,
      body: { required, content: { 'application/json': { schema: body } } },
    },
    responses: answers(
      { 200: json(verbView, 'As asked'), 202: json(verbView, 'Accepted and still on its way') },
      ...([404, 409, 413, 422, 501] as const),
    ),
  });
}

const routes = {
  start: verb('start', 'Start it', noBody),
  stop: verb('stop', 'Stop it: a signal, a grace period, then SIGKILL', stopBody),
  restart: verb('restart', 'Stop it if it runs, and start it', stopBody),
  kill: verb('kill', 'Send a signal', z.strictObject({ signal: signalName.default('KILL') })),
  pause: verb('pause', 'Freeze its processes', noBody),
  unpause: verb('unpause', 'Let its processes go on', noBody),
  update: verb('update', 'Give it other limits or another restart policy, running or not', updateBody, true),
  rename: verb('rename', 'Give it another name', z.strictObject({ name: containerName }), true),
};

const remove = createRoute({
  method: 'delete',
  path: '/containers/{container}',
  operationId: 'removeContainer',
  tags: ['containers'],
  summary: 'Remove it',
  request: {
    params: containerPath,
    query: z.strictObject({
      force: flag.describe('Even while it runs'),
      volumes: flag.describe('Its anonymous volumes as well'),
    }),
  },
  responses: answers({ 204: { description: 'Gone' }, 202: json(verbView, 'Accepted and still on its way') }, 404, 409),
});

export function containerVerbRoutes(app: V1, deps: Deps): void {
  const target = (c: Context<Environment>) => [deps, c.get('ctx'), c.req.param('container') ?? ''] as const;
  const answer = (c: Context<Environment>, { container, changed, operationId, converged }: VerbResult) =>
    c.json({ ...viewContainer(container), changed, operationId }, converged ? 200 : 202);

  app.openapi(routes.start, async (c) => answer(c, await startContainer(...target(c))));
  app.openapi(routes.stop, async (c) => answer(c, await stopContainer(...target(c), c.req.valid('json'))));
  app.openapi(routes.restart, async (c) => answer(c, await restartContainer(...target(c), c.req.valid('json'))));
  app.openapi(routes.kill, async (c) =>
    answer(c, await killContainer(...target(c), c.req.valid('json').signal ?? 'KILL')),
  );
  app.openapi(routes.pause, async (c) => answer(c, await pauseContainer(...target(c))));
  app.openapi(routes.unpause, async (c) => answer(c, await unpauseContainer(...target(c))));
  app.openapi(routes.rename, async (c) => answer(c, await renameContainer(...target(c), c.req.valid('json').name)));
  app.openapi(routes.update, async (c) => answer(c, await updateContainer(...target(c), c.req.valid('json'))));
  app.openapi(remove, async (c) => {
    const result = await removeContainer(...target(c), c.req.valid('query'));
    return result.converged ? c.body(null, 204) : answer(c, result);
  });
}
