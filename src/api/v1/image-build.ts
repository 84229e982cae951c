/** Routes that build an image, and that push one: both tell of their progress line by line to whoever asks for that. */
import { createRoute } from '@hono/zod-openapi';
import { z } from 'zod';
import type { Deps } from '../../context.ts';
import { type BuildProgress, buildImage } from '../../services/image-build.ts';
import { type PullProgress, pushImage } from '../../services/image-push.ts';
import { ndjsonType } from '../ndjson.ts';
import { uploadOf } from '../upload.ts';
import { several, tarBody } from './image-archives.ts';
import { registryCredential } from './image-pull.ts';
import { imageView, viewImage, viewProgress } from './image-views.ts';
import { imagePath } from './images.ts';
import { answers, flag, jsonBody } from './openapi.ts';
import { progressed } from './progress.ts';
import type { V1 } from './router.ts';

const tags = ['images'];
const problemLine = z.object({ error: z.unknown().describe('A problem document: the last line, when it failed') });
const text = z.string().max(65_536);

/** `NAME=value` or, where the value is the Dockerfile's, `NAME`. */
const pairs = several(text);
const optionalSize = z.coerce.number().int().min(1).max(1_000_000).optional();

const build = createRoute({
  method: 'put',
  path: '/image-build',
  operationId: 'buildImage',
  tags,
  summary: 'Build an image of a Dockerfile and files',
  request: {
    query: z.strictObject({
      dockerfile: z.string().min(1).max(4096).default('Dockerfile').describe('Its path in the tar'),
      name: several(z.string().min(1).max(512)).describe('repository[:tag] of the result; may be repeated'),
      target: z.string().min(1).max(256).optional().describe('The last stage to be built'),
      arg: pairs.describe('NAME=value; may be repeated'),
      label: pairs.describe('name=value; may be repeated'),
      noCache: flag,
      pull: flag.describe('The images that it begins with, even if they are there'),
      network: z.string().min(1).max(256).optional().describe('A network of yours, or none'),
      memoryMiB: optionalSize,
      cpus: z.coerce.number().positive().max(1024).optional(),
      shmMiB: optionalSize,
    }),
    body: tarBody,
  },
  responses: answers(
    {
      200: {
        description: `The image. With "Accept: ${ndjsonType}" what the steps say, line by line, and the image at last`,
        content: {
          'application/json': { schema: imageView },
          [ndjsonType]: {
            schema: z.union([z.object({ text: z.string() }), z.object({ image: imageView }), problemLine]),
          },
        },
      },
    },
    ...([404, 409, 413, 501, 504] as const),
  ),
});

const pushed = z
  .object({ repository: z.string(), tag: z.string(), digest: z.string(), sizeBytes: z.number() })
  .meta({ id: 'PushedImage' });

const push = createRoute({
  method: 'put',
  path: '/images/{reference}/push',
  operationId: 'pushImage',
  tags,
  summary: 'Send it to the registry that its name names',
  request: {
    params: imagePath,
    body: jsonBody(z.strictObject({ auth: registryCredential.optional() }).meta({ id: 'PushImage', examples: [{}] })),
  },
  responses: answers(
    {
      200: {
        description: `Where it is now. With "Accept: ${ndjsonType}" its progress, line by line`,
        content: {
          'application/json': { schema: pushed },
          [ndjsonType]: { schema: z.union([z.object({ status: z.string() }), z.object({ pushed }), problemLine]) },
        },
      },
    },
    ...([404, 409, 413, 501, 504] as const),
  ),
});

const viewStep = (step: BuildProgress) => ('text' in step ? step : viewProgress(step.pull));

export function imageBuildRoutes(app: V1, deps: Deps): void {
  app.openapi(build, async (c) => {
    const query = c.req.valid('query');
    const { dockerfile, target = null, noCache, pull, network = null } = query;
    const input = {
      ...{ dockerfile, target, noCache, pull, network, extraHosts: [], platform: undefined },
      ...{ memoryMiB: query.memoryMiB ?? null, cpus: query.cpus ?? null, shmMiB: query.shmMiB ?? null },
      tags: query.name.map(splitName),
      buildArgs: Object.fromEntries(query.arg.map(splitPair)),
      labels: Object.fromEntries(query.label.map((each) => [splitPair(each)[0], splitPair(each)[1] ?? ''])),
      auths: new Map(),
    };
    const steps = buildImage(deps, c.get('ctx'), input, uploadOf(c));
    return progressed(c, steps, viewStep, (image) => ({ line: { image: viewImage(image) }, whole: viewImage(image) }));
  });
  app.openapi(push, async (c) => {
    const { reference } = c.req.valid('param');
    const steps = pushImage(deps, c.get('ctx'), { reference, auth: c.req.valid('json').auth ?? null });
    return progressed(
      c,
      steps,
      (step: PullProgress) => viewProgress(step),
      ({ size, ...rest }) => {
        const whole = { ...rest, sizeBytes: size };
        return { line: { pushed: whole }, whole };
      },
    );
  });
}

function splitPair(pair: string): [string, string | null] {
  const equals = pair.indexOf('=');
  return equals < 0 ? [pair, null] : [pair.slice(0, equals), pair.slice(equals + 1)];
}

function splitName(name: string): { repository: string; tag: string } {
  const colon = name.lastIndexOf(':');
  return colon > name.lastIndexOf('/')
    ? { repository: name.slice(0, colon), tag: name.slice(colon + 1) }
    : { repository: name, tag: 'latest' };
}
