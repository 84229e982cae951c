/** The route of a container's log: text for people, or one JSON document a line that says which stream it came from. */
import { isUtf8 } from 'node:buffer';
import { createRoute } from '@hono/zod-openapi';
import { accepts } from 'hono/accepts';
import { z } from 'zod';
import type { Deps } from '../../context.ts';
import { moment } from '../../domain/moment.ts';
import { type LogChunk, readLogs } from '../../services/logs.ts';
import type { Streams } from '../../services/streams.ts';
import { encodeEach, jsonLine } from '../encoding.ts';
import { ndjsonType } from '../ndjson.ts';
import { streamed } from '../streaming.ts';
import { containerPath } from './containers.ts';
import { answers, flag, optionalFlag } from './openapi.ts';
import type { V1 } from './router.ts';

const textType = 'text/plain';

const logLine = z
  .object({
    stream: z.enum(['stdout', 'stderr']),
    at: z.iso.datetime(),
    line: z.string(),
    base64: z.string().optional().describe('The exact bytes, when they are not UTF-8'),
  })
  .meta({ id: 'LogLine' });

const tail = z
  .string()
  .regex(/^(all|\d{1,7})$/, 'must be "all" or a number of lines')
  .default('all')
  .transform((given) => (given === 'all' ? undefined : Number(given)));

const route = createRoute({
  method: 'get',
  path: '/containers/{container}/logs',
  operationId: 'readContainerLogs',
  tags: ['containers'],
  summary: 'Read what it wrote; with follow, until its run ends',
  request: {
    params: containerPath,
    query: z.strictObject({
      follow: flag,
      since: moment
        .optional()
        .describe(
          'Unix seconds, an RFC 3339 time, or a duration before now such as 10m; lines of that very moment are included',
        ),
      until: moment.optional().describe('As since'),
      tail: tail.describe('At most so many of the last lines of both streams'),
      timestamps: flag.describe('Puts the time before each line of text'),
      stdout: optionalFlag.describe('On unless switched off'),
      stderr: optionalFlag.describe('On unless switched off'),
    }),
  },
  responses: answers(
    {
      200: {
        description: 'Lines in the order of time, as they come',
        content: { [textType]: { schema: z.string() }, [ndjsonType]: { schema: logLine } },
      },
    },
    404,
  ),
});

export function logRoutes(app: V1, deps: Deps, streams: Streams): void {
  app.openapi(route, (c) => {
    const { timestamps, stdout = true, stderr = true, ...query } = c.req.valid('query');
    const shown = { stdout, stderr };
    const contentType = accepts(c, { header: 'Accept', supports: [textType, ndjsonType], default: textType });
    const asJson = contentType === ndjsonType;
    const encode = asJson ? toJson : timestamps ? toStampedText : toText;
    const given = { ...query, streams: (['stdout', 'stderr'] as const).filter((stream) => shown[stream]) };
    return streamed(c, deps, streams, {
      contentType: asJson ? ndjsonType : `${textType}; charset=utf-8`,
      resumes: given.follow,
      open: async (signal) =>
        encodeEach(await readLogs(deps, c.get('ctx'), c.req.valid('param').container, given, signal), encode),
    });
  });
}

const newline = Buffer.from('\n');
const toText = ({ line }: LogChunk) => Buffer.concat([line, newline]);
const toStampedText = ({ at, line }: LogChunk) => Buffer.concat([Buffer.from(`${at.toISOString()} `), line, newline]);
const toJson = ({ stream, at, line }: LogChunk) =>
  jsonLine({
    stream,
    at: at.toISOString(),
    line: Buffer.from(line).toString(),
    ...(isUtf8(line) ? {} : { base64: Buffer.from(line).toString('base64') }),
  });
