/**
 * Routes of images and of disk usage. A reference in a path is one segment: its slashes are sent as %2F
 * (`/v1/images/registry.example%2Fteam%2Fapp:1`).
 */
import { createRoute } from '@hono/zod-openapi';
import { z } from 'zod';
import type { Deps } from '../../context.ts';
import type { Image } from '../../domain/image.ts';
import { pageFrom, pageOut } from '../../services/cursors.ts';
import { diskUsage } from '../../services/disk-usage.ts';
import { pruneImages, removeImage, tagImage } from '../../services/image-references.ts';
import { listImages, requireImage } from '../../services/images.ts';
import {
  diskUsageView,
  historyView,
  imageView,
  prunedView,
  removedView,
  taggedView,
  viewImage,
  viewRemoved,
} from './image-views.ts';
import {
  answers,
  flag,
  idempotencyKey,
  json,
  jsonBody,
  labelQuery,
  optionalFlag,
  pageOf,
  pageQuery,
} from './openapi.ts';
import type { V1 } from './router.ts';

const tags = ['images'];
export const imagePath = z.object({
  reference: z
    .string()
    .min(1)
    .max(512)
    .describe('repository[:tag], repository@digest, id, or unique prefix of an id; slashes as %2F'),
});

const list = createRoute({
  method: 'get',
  path: '/images',
  operationId: 'listImages',
  tags,
  summary: 'List own and shared images, newest first',
  request: {
    query: z.strictObject({
      ...pageQuery,
      name: z.string().min(1).max(512).optional().describe('repository or repository:tag'),
      label: labelQuery,
      dangling: optionalFlag.describe('True: without a tag; false: with one'),
    }),
  },
  responses: answers({ 200: json(pageOf(imageView, 'ImagePage'), 'A page') }),
});

const get = createRoute({
  method: 'get',
  path: '/images/{reference}',
  operationId: 'getImage',
  tags,
  summary: 'Get one image',
  request: { params: imagePath },
  responses: answers({ 200: json(imageView, 'The image') }, 404),
});

const history = createRoute({
  method: 'get',
  path: '/images/{reference}/history',
  operationId: 'getImageHistory',
  tags,
  summary: 'How its layers were made, newest first',
  request: { params: imagePath },
  responses: answers({ 200: json(historyView, 'Its history') }, 404),
});

const tag = createRoute({
  method: 'post',
  path: '/images/{reference}/tags',
  operationId: 'tagImage',
  tags,
  summary: 'Give it a name; an image that had the name loses it',
  request: {
    params: imagePath,
    headers: idempotencyKey,
    body: jsonBody(
      z
        .strictObject({ repository: z.string().min(1).max(384), tag: z.string().min(1).max(128).default('latest') })
        .meta({ id: 'NewImageTag', examples: [{ repository: 'team/app', tag: 'stable' }] }),
    ),
  },
  responses: answers({ 200: json(taggedView, 'The image') }, 404, 409, 413, 422),
});

const remove = createRoute({
  method: 'delete',
  path: '/images/{reference}',
  operationId: 'removeImage',
  tags,
  summary: 'By a name: take that away, and the image with its last one. By id or digest: remove the image',
  request: {
    params: imagePath,
    query: z.strictObject({ force: flag.describe('By id or digest: even when it has several names') }),
  },
  responses: answers({ 200: json(removedView, 'What went') }, 404, 409),
});

const prune = createRoute({
  method: 'post',
  path: '/images/prune',
  operationId: 'pruneImages',
  tags,
  summary: 'Remove the images that have no name and no container',
  request: {
    headers: idempotencyKey,
    body: {
      required: false,
      content: {
        'application/json': {
          schema: z
            .strictObject({ all: z.boolean().default(false).describe('Those with names as well') })
            .meta({ id: 'PruneImages' }),
        },
      },
    },
  },
  responses: answers({ 200: json(prunedView, 'What went') }, 409, 413, 422),
});

const usage = createRoute({
  method: 'get',
  path: '/disk-usage',
  operationId: 'getDiskUsage',
  tags,
  summary: 'What images, containers and volumes take up',
  responses: answers({ 200: json(diskUsageView, 'In bytes') }),
});

export function imageRoutes(app: V1, deps: Deps): void {
  app.openapi(list, async (c) => {
    const { limit, cursor, label, name, dangling } = c.req.valid('query');
    const ctx = c.get('ctx');
    const query = { name, labels: label, dangling };
    const question = `images ${JSON.stringify(query)}`;
    const page = pageFrom(deps, ctx, question, { limit, cursor });
    const found = await listImages(deps, ctx, query, page);
    const position = ({ pulledAt, id }: Image) => ({ at: pulledAt.toISOString(), id });
    const { items, nextCursor } = pageOut(deps, ctx, question, page, found, position);
    return c.json({ items: items.map(viewImage), nextCursor }, 200);
  });
  app.openapi(get, async (c) =>
    c.json(viewImage(await requireImage(deps, c.get('ctx'), c.req.valid('param').reference)), 200),
  );
  app.openapi(history, async (c) => {
    const { history: items } = await requireImage(deps, c.get('ctx'), c.req.valid('param').reference);
    return c.json({ items }, 200);
  });
  app.openapi(tag, async (c) => {
    const { image, changed } = await tagImage(deps, c.get('ctx'), c.req.valid('param').reference, c.req.valid('json'));
    return c.json({ ...viewImage(image), changed }, 200);
  });
  app.openapi(remove, async (c) => {
    const { reference } = c.req.valid('param');
    return c.json(viewRemoved(await removeImage(deps, c.get('ctx'), reference, c.req.valid('query'))), 200);
  });
  app.openapi(prune, async (c) => {
    const { all = false } = c.req.valid('json');
    const pruned = await pruneImages(deps, c.get('ctx'), { all });
    const sizeBytes = pruned.reduce((sum, image) => sum + image.sizeBytes, 0);
    return c.json({ removed: pruned.map(viewRemoved), sizeBytes }, 200);
  });
  app.openapi(usage, async (c) => c.json(await diskUsage(deps, c.get('ctx')), 200));
}
