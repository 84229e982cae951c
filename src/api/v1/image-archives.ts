/**
 * Routes by which images come and go as archives. What is uploaded is verified and leads to the same image each time, so that these
 * are PUTs: they may simply be sent again.
 */
import { createRoute } from '@hono/zod-openapi';
import { z } from 'zod';
import type { Deps } from '../../context.ts';
import { importImage } from '../../services/image-import.ts';
import { loadImages } from '../../services/image-load.ts';
import { saveImages } from '../../services/image-save.ts';
import type { Streams } from '../../services/streams.ts';
import { streamed } from '../streaming.ts';
import { uploadOf } from '../upload.ts';
import { imageView, viewImage } from './image-views.ts';
import { imagePath } from './images.ts';
import { answers, json } from './openapi.ts';
import type { V1 } from './router.ts';

const tags = ['images'];
/** A string to the compiler: of the literal, zod-openapi's types would make a route that nothing can answer. */
const tarType: string = 'application/x-tar';
const file = z.string().meta({ format: 'binary' });
export const tarBody = { required: true, content: { [tarType]: { schema: file } } };
export const several = (name: z.ZodString) =>
  z
    .union([name, z.array(name).max(100)])
    .optional()
    .transform((given) => (given === undefined ? [] : [given].flat()));
const text = z.string().max(65_536);

const save = createRoute({
  method: 'get',
  path: '/images/{reference}/archive',
  operationId: 'saveImage',
  tags,
  summary: 'Take it out as an archive, as docker save writes it',
  request: {
    params: imagePath,
    query: z.strictObject({
      also: several(z.string().min(1).max(512)).describe('Further images for the same archive; may be repeated'),
    }),
  },
  responses: answers(
    { 200: { description: 'With the names that were asked for', content: { [tarType]: { schema: file } } } },
    ...([404, 501, 504] as const),
  ),
});

const load = createRoute({
  method: 'put',
  path: '/image-archive',
  operationId: 'loadImages',
  tags,
  summary: 'Take in an archive of images: of docker save, or in the layout of OCI',
  request: { body: tarBody },
  responses: answers(
    {
      200: json(
        z
          .object({ items: z.array(z.object({ image: imageView, names: z.array(z.string()) })) })
          .meta({ id: 'LoadedImages' }),
        'Every layer was compared with what its image says',
      ),
    },
    ...([409, 413, 501, 504] as const),
  ),
});

const imported = createRoute({
  method: 'put',
  path: '/image-import',
  operationId: 'importImage',
  tags,
  summary: 'Make an image of a root file system',
  request: {
    query: z.strictObject({
      repository: z.string().min(1).max(384).optional().describe('Absent: an image without a name'),
      tag: z.string().min(1).max(128).default('latest'),
      comment: text.default(''),
      change: several(text).describe('An instruction of a Dockerfile for its configuration; may be repeated'),
      architecture: z.string().min(1).max(64).optional(),
    }),
    body: tarBody,
  },
  responses: answers({ 200: json(imageView, 'The image') }, ...([409, 413, 501, 504] as const)),
});

export function imageArchiveRoutes(app: V1, deps: Deps, streams: Streams): void {
  app.openapi(save, async (c) => {
    const references = [c.req.valid('param').reference, ...c.req.valid('query').also];
    return streamed(c, deps, streams, {
      contentType: tarType,
      open: (signal) => saveImages(deps, c.get('ctx'), references, signal),
    });
  });
  app.openapi(load, async (c) => {
    const loaded = await loadImages(deps, c.get('ctx'), uploadOf(c));
    return c.json({ items: loaded.map(({ image, names }) => ({ image: viewImage(image), names })) }, 200);
  });
  app.openapi(imported, async (c) => {
    const { repository, tag, comment, change, architecture = null } = c.req.valid('query');
    const named = repository === undefined ? null : { repository, tag };
    const input = { tag: named, comment, changes: change, architecture };
    return c.json(viewImage(await importImage(deps, c.get('ctx'), input, uploadOf(c))), 200);
  });
}
