/** The route that tells a tenant where its containers run, and what can be had there. */
import { createRoute } from '@hono/zod-openapi';
import { z } from 'zod';
import type { Deps } from '../../context.ts';
import { noteOf, standings } from '../../domain/feature.ts';
import { describeProvider } from '../../services/provider-features.ts';
import { answers, json } from './openapi.ts';
import type { V1 } from './router.ts';

const providerView = z
  .object({
    name: z.enum(['memory', 'docker', 'aws']),
    settings: z
      .record(z.string(), z.union([z.string(), z.number(), z.boolean()]))
      .describe('What a tenant may know of where its containers run, such as the region'),
    twoWay: z
      .boolean()
      .describe('Whether this address carries attach and interactive commands, or their clients must go another way'),
    features: z.array(
      z.object({
        command: z.string().describe('Of Docker, as it is typed, for what it does and its counterpart of this API'),
        verdict: z.enum(standings),
        note: z
          .string()
          .nullable()
          .describe('approximated: what differs from a Docker Engine. refused: why, and what to do instead'),
      }),
    ),
  })
  .meta({ id: 'Provider' });

const route = createRoute({
  method: 'get',
  path: '/provider',
  operationId: 'getProvider',
  tags: ['provider'],
  summary: 'Where containers run, and what works, is approximated or is refused there',
  responses: answers({ 200: json(providerView, 'The provider of this installation') }),
});

export function providerRoutes(app: V1, deps: Deps): void {
  app.openapi(route, async (c) => {
    const { features, ...provider } = await describeProvider(deps, c.get('ctx'));
    const told = features.map(({ command, standing }) => ({
      command,
      verdict: standing.verdict,
      note: noteOf(standing),
    }));
    return c.json({ ...provider, twoWay: deps.listening.twoWay, features: told }, 200);
  });
}
