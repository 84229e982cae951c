/** Routes that create, read and list containers. Verbs are in container-verbs.ts, streams in container-streams.ts. */
import { createRoute } from '@hono/zod-openapi';
import { z } from 'zod';
import type { Deps } from '../../context.ts';
import { containerStatuses } from '../../domain/container.ts';
import { containerName, containerSpec } from '../../domain/container-spec.ts';
import { measureContainers } from '../../services/container-files.ts';
import {
  createContainer,
  getContainer,
  listContainerOperations,
  listContainers,
  showContainer,
} from '../../services/containers.ts';
import { pageFrom, pageOut } from '../../services/cursors.ts';
import { containerView, operationView, viewContainer, viewOperation } from './container-views.ts';
import { answers, flag, idempotencyKey, json, jsonBody, labelQuery, pageOf, pageQuery } from './openapi.ts';
import type { V1 } from './router.ts';

export const containerPath = z.object({
  container: z.string().min(1).max(128).describe('Id, unique prefix of an id, or name'),
});

const tags = ['containers'];
const sizeQuery = flag.describe('Measure its files as well, which takes the provider some time');

const create = createRoute({
  method: 'post',
  path: '/containers',
  operationId: 'createContainer',
  tags,
  summary: 'Create a container, and start it if asked to',
  request: {
    headers: idempotencyKey,
    body: jsonBody(
      containerSpec
        .omit({ version: true })
        .extend({ name: containerName.optional(), start: z.boolean().default(false) })
        .meta({ id: 'NewContainer' }),
    ),
  },
  responses: answers(
    {
      201: json(containerView, 'Made, and running if a start was asked for'),
      202: json(containerView, 'Accepted and still on its way; its operations tell when it has arrived'),
    },
    ...([404, 409, 413, 422, 501] as const),
  ),
});

const statusQuery = z
  .string()
  .transform((list) => list.split(','))
  .pipe(z.array(z.enum(containerStatuses)))
  .optional()
  .describe('One or more, separated by commas');

const list = createRoute({
  method: 'get',
  path: '/containers',
  operationId: 'listContainers',
  tags,
  summary: 'List containers, newest first',
  request: {
    query: z.strictObject({
      ...pageQuery,
      status: statusQuery,
      name: z.string().max(128).optional(),
      image: z.string().max(512).optional().describe('The reference as asked for, or an image id'),
      label: labelQuery,
      size: sizeQuery,
    }),
  },
  responses: answers({ 200: json(pageOf(containerView, 'ContainerPage'), 'A page') }, 501),
});

const get = createRoute({
  method: 'get',
  path: '/containers/{container}',
  operationId: 'getContainer',
  tags,
  summary: 'Get one container',
  request: { params: containerPath, query: z.strictObject({ size: sizeQuery }) },
  responses: answers({ 200: json(containerView, 'The container') }, 404, 501),
});

const operations = createRoute({
  method: 'get',
  path: '/containers/{container}/operations',
  operationId: 'listContainerOperations',
  tags,
  summary: 'What was asked of it and how that ended, newest first',
  request: { params: containerPath, query: z.strictObject(pageQuery) },
  responses: answers({ 200: json(pageOf(operationView, 'OperationPage'), 'A page') }, 404),
});

const byCreation = ({ createdAt, id }: { createdAt: Date; id: string }) => ({ at: createdAt.toISOString(), id });

export function containerRoutes(app: V1, deps: Deps): void {
  app.openapi(create, async (c) => {
    const { name, start, ...spec } = c.req.valid('json');
    const { container, converged } = await createContainer(deps, c.get('ctx'), {
      name,
      start,
      spec: { version: 1, ...spec },
    });
    c.header('location', `/v1/containers/${container.id}`);
    return c.json(viewContainer(container), converged ? 201 : 202);
  });
  app.openapi(list, async (c) => {
    const { limit, cursor, label, size, ...rest } = c.req.valid('query');
    const ctx = c.get('ctx');
    const filter = { ...rest, labels: label };
    const question = `containers ${JSON.stringify(filter)}`;
    const page = pageFrom(deps, ctx, question, { limit, cursor });
    const found = await listContainers(deps, ctx, filter, page);
    const { items, nextCursor } = pageOut(deps, ctx, question, page, found, byCreation);
    const ids = items.map(({ id }) => id);
    const sizes = size ? await measureContainers(deps, ctx, ids) : null;
    return c.json({ items: items.map((item) => viewContainer(item, sizes?.get(item.id))), nextCursor }, 200);
  });
  app.openapi(get, async (c) => {
    const ctx = c.get('ctx');
    const container = await showContainer(deps, ctx, c.req.valid('param').container);
    const sizes = c.req.valid('query').size ? await measureContainers(deps, ctx, [container.id]) : null;
    return c.json(viewContainer(container, sizes?.get(container.id)), 200);
  });
  app.openapi(operations, async (c) => {
    const ctx = c.get('ctx');
    const container = await getContainer(deps, ctx, c.req.valid('param').container);
    const question = `operations ${container.id}`;
    const page = pageFrom(deps, ctx, question, c.req.valid('query'));
    const found = await listContainerOperations(deps, container, page);
    const { items, nextCursor } = pageOut(deps, ctx, question, page, found, byCreation);
    return c.json({ items: items.map(viewOperation), nextCursor }, 200);
  });
}
