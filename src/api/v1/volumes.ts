/** Routes of volumes. */
import { createRoute } from '@hono/zod-openapi';
import { z } from 'zod';
import type { Deps } from '../../context.ts';
import { volumeName } from '../../domain/mount-spec.ts';
import { labels } from '../../domain/spec-text.ts';
import type { Volume } from '../../domain/volume.ts';
import { pageFrom, pageOut } from '../../services/cursors.ts';
import { createVolume, getVolume, listVolumes, pruneVolumes, removeVolume } from '../../services/volumes.ts';
import { answers, idempotencyKey, json, jsonBody, labelQuery, optionalFlag, pageOf, pageQuery } from './openapi.ts';
import type { V1 } from './router.ts';

const tags = ['volumes'];
const path = z.object({ volume: volumeName });

const volumeView = z
  .object({
    name: z.string(),
    labels: z.record(z.string(), z.string()),
    anonymous: z.boolean().describe('Made without a name, for one mount'),
    createdAt: z.iso.datetime(),
  })
  .meta({ id: 'Volume' });
const createdView = volumeView
  .extend({ changed: z.boolean().describe('False when it was there already') })
  .meta({ id: 'CreatedVolume' });

export const viewVolume = ({ name, labels: given, anonymous, createdAt }: Volume) => ({
  name,
  labels: given,
  anonymous,
  createdAt: createdAt.toISOString(),
});

const routes = {
  create: createRoute({
    method: 'post',
    path: '/volumes',
    operationId: 'createVolume',
    tags,
    summary: 'Create a volume, unless there is one of this name',
    request: {
      headers: idempotencyKey,
      body: jsonBody(
        z
          .strictObject({
            name: volumeName.optional().describe('Generated, when absent'),
            labels: labels.default({}),
          })
          .meta({ id: 'NewVolume', examples: [{ name: 'data', labels: { app: 'shop' } }] }),
      ),
    },
    responses: answers(
      { 200: json(createdView, 'It was there, and is as it was'), 201: json(createdView, 'Created') },
      ...([409, 413, 422] as const),
    ),
  }),
  list: createRoute({
    method: 'get',
    path: '/volumes',
    operationId: 'listVolumes',
    tags,
    summary: 'List volumes, newest first',
    request: {
      query: z.strictObject({
        ...pageQuery,
        name: volumeName.optional(),
        label: labelQuery,
        dangling: optionalFlag.describe('True: no container mounts it; false: one does'),
      }),
    },
    responses: answers({ 200: json(pageOf(volumeView, 'VolumePage'), 'A page') }),
  }),
  get: createRoute({
    method: 'get',
    path: '/volumes/{volume}',
    operationId: 'getVolume',
    tags,
    summary: 'Get one volume',
    request: { params: path },
    responses: answers({ 200: json(volumeView, 'The volume') }, 404),
  }),
  remove: createRoute({
    method: 'delete',
    path: '/volumes/{volume}',
    operationId: 'removeVolume',
    tags,
    summary: 'Remove a volume that no container mounts, and its data',
    request: { params: path },
    responses: answers({ 204: { description: 'Gone' } }, 404, 409),
  }),
  prune: createRoute({
    method: 'post',
    path: '/volumes/prune',
    operationId: 'pruneVolumes',
    tags,
    summary: 'Remove the anonymous volumes that no container mounts',
    request: {
      headers: idempotencyKey,
      body: {
        required: false,
        content: {
          'application/json': {
            schema: z
              .strictObject({ all: z.boolean().default(false).describe('The named ones as well') })
              .meta({ id: 'PruneVolumes' }),
          },
        },
      },
    },
    responses: answers(
      { 200: json(z.object({ removed: z.array(volumeView) }).meta({ id: 'PrunedVolumes' }), 'What went') },
      ...([409, 413, 422] as const),
    ),
  }),
};

export function volumeRoutes(app: V1, deps: Deps): void {
  app.openapi(routes.create, async (c) => {
    const { volume, changed } = await createVolume(deps, c.get('ctx'), c.req.valid('json'));
    c.header('location', `/v1/volumes/${volume.name}`);
    return c.json({ ...viewVolume(volume), changed }, changed ? 201 : 200);
  });
  app.openapi(routes.list, async (c) => {
    const { limit, cursor, label, name, dangling } = c.req.valid('query');
    const ctx = c.get('ctx');
    const filter = { name, labels: label, dangling };
    const question = `volumes ${JSON.stringify(filter)}`;
    const page = pageFrom(deps, ctx, question, { limit, cursor });
    const found = await listVolumes(deps, ctx, filter, page);
    const position = ({ createdAt, name: id }: Volume) => ({ at: createdAt.toISOString(), id });
    const { items, nextCursor } = pageOut(deps, ctx, question, page, found, position);
    return c.json({ items: items.map(viewVolume), nextCursor }, 200);
  });
  app.openapi(routes.get, async (c) =>
    c.json(viewVolume(await getVolume(deps, c.get('ctx'), c.req.valid('param').volume)), 200),
  );
  app.openapi(routes.remove, async (c) => {
    await removeVolume(deps, c.get('ctx'), c.req.valid('param').volume);
    return c.body(null, 204);
  });
  app.openapi(routes.prune, async (c) => {
    const { all = false } = c.req.valid('json');
    return c.json({ removed: (await pruneVolumes(deps, c.get('ctx'), { all })).map(viewVolume) }, 200);
  });
}
