/** The route that runs one command in a container and answers its output. The interactive one is exec-socket.ts. */
import { createRoute } from '@hono/zod-openapi';
import { z } from 'zod';
import type { Deps } from '../../context.ts';
import { containerSpec, LONGEST_EXECUTABLE } from '../../domain/container-spec.ts';
import { runCommand } from '../../services/exec.ts';
import type { Streams } from '../../services/streams.ts';
import { containerPath } from './containers.ts';
import { answers, idempotencyKey, json, jsonBody } from './openapi.ts';
import type { V1 } from './router.ts';

export const execCommand = containerSpec.shape.command
  .unwrap()
  .min(1)
  .refine(([executable = '']) => executable.length <= LONGEST_EXECUTABLE, 'begins with more than a path can have');
export const { user: execUser, workdir: execWorkdir } = containerSpec.shape;

const resultView = z
  .object({
    exitCode: z.int().nullable().describe('126 or 127 when the command cannot run or is not there; null if unknown'),
    stdout: z.string().nullable().describe('UTF-8; at most 1 MiB. Null in a replay'),
    stderr: z.string().nullable().describe('As stdout; empty with a terminal'),
    truncated: z.boolean().describe('There was more output than fits'),
    note: z.string().optional(),
  })
  .meta({ id: 'ExecResult' });

type ResultView = z.output<typeof resultView>;

/** What a repeated request is told of a command whose first request was cut off: it is not run twice. */
export const unknownResult: ResultView = {
  exitCode: null,
  stdout: null,
  stderr: null,
  truncated: false,
  note: 'An earlier request with this Idempotency-Key started the command; how it ended is not known',
};

const route = createRoute({
  method: 'post',
  path: '/containers/{container}/exec',
  operationId: 'execInContainer',
  tags: ['containers'],
  summary: 'Run a command in it and wait for its end',
  request: {
    params: containerPath,
    headers: idempotencyKey,
    body: jsonBody(
      z
        .strictObject({
          command: execCommand,
          env: containerSpec.shape.env,
          workdir: execWorkdir,
          user: execUser,
          stdin: z.string().optional().describe('Written to its standard input, which then ends'),
          tty: z.boolean().default(false),
          timeoutSeconds: z.int().min(1).max(600).default(60),
        })
        .meta({ id: 'ExecRequest' }),
    ),
  },
  responses: answers(
    { 200: json(resultView, 'It ended, in success or not') },
    ...([404, 409, 413, 422, 501, 504] as const),
  ),
});

export function execRoutes(app: V1, deps: Deps, streams: Streams): void {
  app.openapi(route, async (c) => {
    const ctx = c.get('ctx');
    const stream = streams.open(ctx);
    try {
      const { container } = c.req.valid('param');
      const { exitCode, ...output } = await runCommand(deps, ctx, container, c.req.valid('json'), stream.signal);
      const known: ResultView = { ...unknownResult, exitCode, note: 'Output is not kept for replays' };
      c.set('storedAnswer', exitCode === null ? unknownResult : known);
      return c.json({ exitCode, ...output }, 200);
    } finally {
      stream.end();
    }
  });
}
