/** The route that makes an image of a container. */
import { createRoute } from '@hono/zod-openapi';
import { z } from 'zod';
import type { Deps } from '../../context.ts';
import { imageConfigChange } from '../../domain/image-config-change.ts';
import { commitContainer } from '../../services/commit.ts';
import { containerPath } from './containers.ts';
import { imageView, viewImage } from './image-views.ts';
import { answers, idempotencyKey, json } from './openapi.ts';
import type { V1 } from './router.ts';

const text = z
  .string()
  .max(1024)
  .refine((value) => !value.includes('\0') && value.isWellFormed(), 'must be well-formed Unicode without NUL');

const commitBody = z
  .strictObject({
    repository: z.string().min(1).max(384).optional().describe('Absent: an image without a name'),
    tag: z.string().min(1).max(128).default('latest'),
    author: text.default(''),
    comment: text.default(''),
    pause: z.boolean().default(true).describe('Freeze its processes meanwhile'),
    changes: z
      .array(z.string().max(65_536))
      .max(100)
      .default([])
      .describe('Instructions: CMD, ENTRYPOINT, ENV, EXPOSE, HEALTHCHECK, LABEL, ONBUILD, USER, VOLUME, WORKDIR'),
    config: imageConfigChange.default({}).describe('Comes before what the instructions say'),
  })
  .meta({ id: 'CommitRequest' });

const route = createRoute({
  method: 'post',
  path: '/containers/{container}/commit',
  operationId: 'commitContainer',
  tags: ['containers'],
  summary: 'Make an image of it',
  request: {
    params: containerPath,
    headers: idempotencyKey,
    body: { required: false, content: { 'application/json': { schema: commitBody } } },
  },
  responses: answers({ 201: json(imageView, 'The image') }, ...([404, 409, 413, 422, 501, 504] as const)),
});

export function commitRoutes(app: V1, deps: Deps): void {
  app.openapi(route, async (c) => {
    // Without a body there is nothing that was validated.
    const { repository, tag, ...input } = commitBody.parse(c.req.valid('json'));
    const image = await commitContainer(deps, c.get('ctx'), c.req.valid('param').container, {
      ...input,
      tag: repository === undefined ? null : { repository, tag },
    });
    return c.json(viewImage(image), 201);
  });
}
