/** The route that pulls an image: waits for it, or streams its progress to whoever asks for that. */
import { createRoute } from '@hono/zod-openapi';
import type { Logger } from 'pino';
import { z } from 'zod';
import type { Deps } from '../../context.ts';
import type { Image } from '../../domain/image.ts';
import { type PullProgress, pullImage } from '../../services/image-pull.ts';
import { asAppError, toProblem } from '../errors.ts';
import { ndjson, ndjsonType } from '../ndjson.ts';
import { imageView, pullLine, viewImage, viewProgress } from './image-views.ts';
import { answers, idempotencyKey, jsonBody } from './openapi.ts';
import type { V1 } from './router.ts';

const secret = z.string().min(1).max(8192);

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
          auth: z
            .strictObject({
              username: secret.optional(),
              password: secret.optional(),
              identityToken: secret.optional(),
            })
            .optional()
            .describe('For the registry; used once and not stored'),
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
    const first = await steps.next();
    if (c.req.header('accept')?.includes(ndjsonType)) {
      c.set('storedAnswer', { reference, streamed: true });
      return ndjson(linesOf(first, steps, c.get('requestId'), c.get('ctx').log));
    }
    let step = first;
    while (!step.done) step = await steps.next();
    return c.json(viewImage(step.value), 200);
  });
}

/** What fails after the first line is told in the last one: the status is out by then. */
async function* linesOf(
  first: IteratorResult<PullProgress, Image>,
  steps: AsyncGenerator<PullProgress, Image, void>,
  requestId: string,
  log: Logger,
): AsyncGenerator<unknown, void, void> {
  try {
    let step = first;
    for (; !step.done; step = await steps.next()) yield viewProgress(step.value);
    yield { image: viewImage(step.value) };
  } catch (error) {
    const appError = asAppError(error);
    if (appError.code === 'internal') log.error({ err: error }, 'pull failed');
    yield { error: toProblem(appError, requestId).body };
  }
}
