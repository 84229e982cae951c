/** Routes of what a running container uses, and of its processes. */
import { createRoute } from '@hono/zod-openapi';
import { accepts } from 'hono/accepts';
import { z } from 'zod';
import type { Deps } from '../../context.ts';
import { listProcesses, readStats, type StatsSample, sampleStats } from '../../services/stats.ts';
import type { Streams } from '../../services/streams.ts';
import { encodeEach, jsonLine, serverSentEvent } from '../encoding.ts';
import { ndjsonType } from '../ndjson.ts';
import { streamed } from '../streaming.ts';
import { containerPath } from './containers.ts';
import { answers, json } from './openapi.ts';
import type { V1 } from './router.ts';

const jsonType = 'application/json';
const sseType = 'text/event-stream';

const statsView = z
  .object({
    at: z.iso.datetime(),
    cpuPercent: z.number().describe('100 = one whole CPU'),
    cpuNanoseconds: z.number(),
    memoryBytes: z.number(),
    memoryLimitBytes: z.number(),
    networkRxBytes: z.number(),
    networkTxBytes: z.number(),
    blockReadBytes: z.number(),
    blockWriteBytes: z.number(),
    pids: z.int(),
  })
  .meta({ id: 'ContainerStats' });

const viewStats = (sample: StatsSample): z.output<typeof statsView> => {
  const { at, cpuPercent, cpuNanoseconds, memoryBytes, memoryLimitBytes, pids } = sample;
  const { networkRxBytes, networkTxBytes, blockReadBytes, blockWriteBytes } = sample;
  return {
    ...{ at: at.toISOString(), cpuPercent, cpuNanoseconds, memoryBytes, memoryLimitBytes, pids },
    ...{ networkRxBytes, networkTxBytes, blockReadBytes, blockWriteBytes },
  };
};

const stats = createRoute({
  method: 'get',
  path: '/containers/{container}/stats',
  operationId: 'readContainerStats',
  tags: ['containers'],
  summary: 'Measure what it uses: once, or every second as a stream',
  request: { params: containerPath },
  responses: answers(
    {
      200: {
        description: 'One sample; as server-sent events or lines of JSON one a second, until its run ends',
        content: {
          [jsonType]: { schema: statsView },
          [ndjsonType]: { schema: statsView },
          [sseType]: { schema: z.string() },
        },
      },
    },
    ...([404, 409, 501, 504] as const),
  ),
});

const top = createRoute({
  method: 'get',
  path: '/containers/{container}/top',
  operationId: 'listContainerProcesses',
  tags: ['containers'],
  summary: 'List its processes',
  request: {
    params: containerPath,
    query: z.strictObject({ ps: z.string().max(256).default('').describe('Arguments of ps, such as "-o pid,args"') }),
  },
  responses: answers(
    {
      200: json(
        z
          .object({ titles: z.array(z.string()), processes: z.array(z.array(z.string())) })
          .meta({ id: 'ContainerProcesses' }),
        'A row for each process, under the titles',
      ),
    },
    ...([404, 409, 501, 504] as const),
  ),
});

export function statsRoutes(app: V1, deps: Deps, streams: Streams): void {
  app.openapi(stats, async (c) => {
    const { container } = c.req.valid('param');
    const contentType = accepts(c, {
      header: 'Accept',
      supports: [jsonType, ndjsonType, sseType],
      default: jsonType,
    });
    if (contentType === jsonType) return c.json(viewStats(await sampleStats(deps, c.get('ctx'), container)), 200);
    const encode = (sample: StatsSample) =>
      contentType === sseType ? serverSentEvent({ data: viewStats(sample) }) : jsonLine(viewStats(sample));
    return streamed(c, deps, streams, {
      contentType,
      resumes: true,
      open: async (signal) => encodeEach(await readStats(deps, c.get('ctx'), container, signal), encode),
    });
  });
  app.openapi(top, async (c) => {
    const { container } = c.req.valid('param');
    return c.json(await listProcesses(deps, c.get('ctx'), container, c.req.valid('query').ps), 200);
  });
}
