/** Routes of a container's files: tars in and out of it, and what changed in it. */
import { createRoute } from '@hono/zod-openapi';
import { z } from 'zod';
import type { Deps } from '../../context.ts';
import type { PathStat } from '../../domain/container-files.ts';
import {
  exportContainer,
  listContainerChanges,
  readContainerArchive,
  statContainerPath,
  writeContainerArchive,
} from '../../services/container-files.ts';
import type { Streams } from '../../services/streams.ts';
import { streamed } from '../streaming.ts';
import { uploadOf } from '../upload.ts';
import { containerPath } from './containers.ts';
import { answers, flag, json } from './openapi.ts';
import type { V1 } from './router.ts';

const tags = ['containers'];
/** A string to the compiler: of the literal, zod-openapi's types would make a route that nothing can answer. */
const tarType: string = 'application/x-tar';
const statHeader = 'x-path-stat';
const file = z.string().meta({ format: 'binary' });
const path = z
  .string()
  .min(1)
  .max(4096)
  .describe('In the container; a relative one begins at its root, and neither links nor ".." lead out of it');

const statView = z
  .object({
    name: z.string(),
    sizeBytes: z.number(),
    mode: z.int().describe("Go's FileMode: permissions, and the kind in the high bits"),
    modifiedAt: z.iso.datetime(),
    linkTarget: z.string().describe('Of a symbolic link: where it leads in the container'),
  })
  .meta({ id: 'PathStat' });

const encodeStat = ({ modifiedAt, ...stat }: PathStat): string => {
  const view: z.output<typeof statView> = { ...stat, modifiedAt: modifiedAt.toISOString() };
  return Buffer.from(JSON.stringify(view)).toString('base64');
};

const get = createRoute({
  method: 'get',
  path: '/containers/{container}/archive',
  operationId: 'readContainerArchive',
  tags,
  summary: 'Take files out of it as a tar; HEAD only looks at them',
  request: { params: containerPath, query: z.strictObject({ path }) },
  responses: answers(
    {
      200: {
        description: `What is at the path, under its own name. The header ${statHeader} says what that is, as JSON in base64`,
        headers: z.object({ [statHeader]: z.string().describe('A PathStat') }),
        content: { [tarType]: { schema: file } },
      },
    },
    ...([404, 409, 501, 504] as const),
  ),
});

const put = createRoute({
  method: 'put',
  path: '/containers/{container}/archive',
  operationId: 'writeContainerArchive',
  tags,
  summary: 'Unpack a tar into a folder of it, before its first start as well',
  request: {
    params: containerPath,
    query: z.strictObject({
      path,
      noOverwriteDirNonDir: flag.describe('Refuse to replace a directory by what is none, and the other way round'),
      copyUIDGID: flag.describe('Keep the owners as the tar numbers them'),
    }),
    body: { required: true, content: { [tarType]: { schema: file } } },
  },
  responses: answers({ 204: { description: 'Unpacked' } }, ...([404, 409, 501, 504] as const)),
});

const changes = createRoute({
  method: 'get',
  path: '/containers/{container}/changes',
  operationId: 'listContainerChanges',
  tags,
  summary: 'List the files that are others than in its image',
  request: { params: containerPath },
  responses: answers(
    {
      200: json(
        z
          .object({ items: z.array(z.object({ path: z.string(), kind: z.enum(['modified', 'added', 'deleted']) })) })
          .meta({ id: 'ContainerChanges' }),
        'In the order of their paths',
      ),
    },
    ...([404, 409, 501, 504] as const),
  ),
});

const exported = createRoute({
  method: 'get',
  path: '/containers/{container}/export',
  operationId: 'exportContainer',
  tags,
  summary: 'Take its whole file system out as a tar',
  request: { params: containerPath },
  responses: answers(
    { 200: { description: 'Without what is mounted', content: { [tarType]: { schema: file } } } },
    ...([404, 409, 501, 504] as const),
  ),
});

export function containerFileRoutes(app: V1, deps: Deps, streams: Streams): void {
  app.openapi(get, async (c) => {
    const { container } = c.req.valid('param');
    const ctx = c.get('ctx');
    if (c.req.method === 'HEAD') {
      const stat = await statContainerPath(deps, ctx, container, c.req.valid('query').path);
      return new Response(null, { headers: { 'content-type': tarType, [statHeader]: encodeStat(stat) } });
    }
    let found: PathStat | undefined;
    return streamed(c, deps, streams, {
      contentType: tarType,
      headers: (): Record<string, string> => (found ? { [statHeader]: encodeStat(found) } : {}),
      open: async (signal) => {
        const { stat, content } = await readContainerArchive(deps, ctx, container, c.req.valid('query').path, signal);
        found = stat;
        return content;
      },
    });
  });
  app.openapi(put, async (c) => {
    const ctx = c.get('ctx');
    const { path: folder, noOverwriteDirNonDir, copyUIDGID: copyUidGid } = c.req.valid('query');
    const input = { path: folder, noOverwriteDirNonDir, copyUidGid, tar: uploadOf(c) };
    const stream = streams.open(ctx);
    try {
      await writeContainerArchive(deps, ctx, c.req.valid('param').container, input, stream.signal);
      return c.body(null, 204);
    } finally {
      stream.end();
    }
  });
  app.openapi(changes, async (c) => {
    const { container } = c.req.valid('param');
    return c.json({ items: await listContainerChanges(deps, c.get('ctx'), container) }, 200);
  });
  app.openapi(exported, (c) =>
    streamed(c, deps, streams, {
      contentType: tarType,
      open: (signal) => exportContainer(deps, c.get('ctx'), c.req.valid('param').container, signal),
    }),
  );
}
