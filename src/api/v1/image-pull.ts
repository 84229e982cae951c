/** The route that pulls an image: waits for it, or streams its progress to whoever asks for that. */
import { createRoute } from '@hono/zod-openapi';
import { z } from 'zod';
import type { Deps } from '../../context.ts';
import { pullImage } from '../../services/image-pull.ts';
import { ndjsonType } from '../ndjson.ts';
import { imageView, pullLine, viewImage, viewProgress } from './image-views.ts';
import { answers, idempotencyKey, jsonBody } from './openapi.ts';
import { progressed } from './progress.ts';
import type { V1 } from './router.ts';

const secret = z.string().min(1).max(8192);

export const registryCredential = z.strictObject({
  username: secret.optional(),
  password: secret.optional(),
  identityToken: secret.optional(),
});

const pull = createRoute({
  method: 'post',
  path: '/images/pull',
  operationId: 'pullImage',
  tags: ['images'],
  summary: 'Pull an image from its registry',
  request: {
    headers: idempotencyKey,
    body: jsonBody(
      z
        .strictObject({
          reference: z.string().min(1).max(512).describe('repository[:tag] or repository@digest'),
          auth: registryCredential.optional().describe('For the registry; used once and not stored'),
        })
        .meta({ id: 'PullImage', examples: [{ reference: 'alpine:3.22' }] }),
    ),
  },
  responses: answers(
    {
      200: {
        description: `The image. With "Accept: ${ndjsonType}" its progress, line by line; a replay then says "streamed" only`,
        content: { 'application/json': { schema: imageView }, [ndjsonType]: { schema: pullLine } },
      },
    },
    ...([404, 409, 413, 422] as const),
  ),
});

export function imagePullRoutes(app: V1, deps: Deps): void {
  app.openapi(pull, async (c) => {
    const { reference, auth } = c.req.valid('json');
    const steps = pullImage(deps, c.get('ctx'), { reference, auth: auth ?? null });
    if (c.req.header('accept')?.includes(ndjsonType)) c.set('storedAnswer', { reference, streamed: true });
    return progressed(c, steps, viewProgress, (image) => ({
      line: { image: viewImage(image) },
      whole: viewImage(image),
    }));
  });
}
