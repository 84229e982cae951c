/** The routes for a client that speaks over the provider's session itself, as `longshore connect` does where connections are one-way. */
import { createRoute } from '@hono/zod-openapi';
import { z } from 'zod';
import type { Deps } from '../../context.ts';
import { grantExec, reportExec, resumeExec } from '../../services/exec-access.ts';
import { getExec } from '../../services/exec-records.ts';
import { answers, json, jsonBody } from './openapi.ts';
import type { V1 } from './router.ts';

const execPath = z.object({ exec: z.string().describe('The id that the Docker door gave it') });

const sessionView = z
  .object({
    streamUrl: z.string().describe("A WebSocket of AWS Session Manager's data channel"),
    token: z.string().describe('Opens it once'),
    started: z
      .object({
        script: z.string().describe('For the shell that listens at the other end'),
        mark: z.string().describe('The word that marks its notices'),
        resume: z.string().describe('To be sent for a way back, when the connection broke'),
        tty: z.boolean(),
        stdin: z.boolean(),
      })
      .nullable()
      .describe('Null for a session that is resumed'),
  })
  .meta({ id: 'ExecSession' });

const openSession = createRoute({
  method: 'put',
  path: '/execs/{exec}/session',
  operationId: 'openExecSession',
  tags: ['containers'],
  summary: 'Start a command that was described at the Docker door, and get its session to speak over',
  request: {
    params: execPath,
    body: jsonBody(z.strictObject({ resume: z.string().max(1024).optional() }).meta({ id: 'ExecSessionRequest' })),
  },
  responses: answers({ 200: json(sessionView, 'It runs once the script was sent') }, 404, 409, 501, 504),
});

const reportResult = createRoute({
  method: 'put',
  path: '/execs/{exec}/result',
  operationId: 'reportExecResult',
  tags: ['containers'],
  summary: 'Say how a command ended whose session you spoke over',
  request: {
    params: execPath,
    body: jsonBody(
      z
        .strictObject({ exitCode: z.int().min(0).max(255).nullable().describe('Null: unknown') })
        .meta({ id: 'ExecOutcome' }),
    ),
  },
  responses: answers({ 204: { description: 'Recorded' } }, 404, 409),
});

export function execSessionRoutes(app: V1, deps: Deps): void {
  app.openapi(openSession, async (c) => {
    const ctx = c.get('ctx');
    const exec = await getExec(deps, ctx, c.req.valid('param').exec);
    const { resume: session } = c.req.valid('json');
    if (session !== undefined) return c.json({ ...(await resumeExec(deps, ctx, exec, session)), started: null }, 200);
    const { streamUrl, token, ...access } = await grantExec(deps, ctx, exec);
    const { tty, stdin } = exec.spec;
    return c.json({ streamUrl, token, started: { ...access, tty, stdin } }, 200);
  });
  app.openapi(reportResult, async (c) => {
    const ctx = c.get('ctx');
    const exec = await getExec(deps, ctx, c.req.valid('param').exec);
    await reportExec(deps, ctx, exec, c.req.valid('json').exitCode);
    return c.body(null, 204);
  });
}
