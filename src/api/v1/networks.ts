/** Routes of networks. */
import { createRoute } from '@hono/zod-openapi';
import { z } from 'zod';
import type { Deps } from '../../context.ts';
import { type Network, networkName } from '../../domain/network.ts';
import { labels } from '../../domain/spec-text.ts';
import { pageFrom, pageOut } from '../../services/cursors.ts';
import { createNetwork, getNetwork, listNetworks, pruneNetworks, removeNetwork } from '../../services/networks.ts';
import { answers, idempotencyKey, json, jsonBody, labelQuery, pageOf, pageQuery } from './openapi.ts';
import type { V1 } from './router.ts';

const tags = ['networks'];
export const networkPath = z.object({ network: networkName.describe('Name, id, or unique prefix of an id') });

const networkView = z
  .object({
    id: z.string(),
    name: z.string(),
    labels: z.record(z.string(), z.string()),
    internal: z.boolean().describe('Without a route to anything outside of it'),
    isDefault: z.boolean().describe('Joined by containers that name no network; cannot be removed'),
    createdAt: z.iso.datetime(),
  })
  .meta({ id: 'Network' });

export const viewNetwork = ({ id, name, labels: given, internal, isDefault, createdAt }: Network) => ({
  id,
  name,
  labels: given,
  internal,
  isDefault,
  createdAt: createdAt.toISOString(),
});

const routes = {
  create: createRoute({
    method: 'post',
    path: '/networks',
    operationId: 'createNetwork',
    tags,
    summary: 'Create a network',
    request: {
      headers: idempotencyKey,
      body: jsonBody(
        z
          .strictObject({ name: networkName, labels: labels.default({}), internal: z.boolean().default(false) })
          .meta({ id: 'NewNetwork', examples: [{ name: 'backend', labels: { tier: 'db' }, internal: true }] }),
      ),
    },
    responses: answers({ 201: json(networkView, 'Created') }, 409, 413, 422),
  }),
  list: createRoute({
    method: 'get',
    path: '/networks',
    operationId: 'listNetworks',
    tags,
    summary: 'List networks, newest first',
    request: { query: z.strictObject({ ...pageQuery, name: networkName.optional(), label: labelQuery }) },
    responses: answers({ 200: json(pageOf(networkView, 'NetworkPage'), 'A page') }),
  }),
  get: createRoute({
    method: 'get',
    path: '/networks/{network}',
    operationId: 'getNetwork',
    tags,
    summary: 'Get one network',
    request: { params: networkPath },
    responses: answers({ 200: json(networkView, 'The network') }, 404),
  }),
  remove: createRoute({
    method: 'delete',
    path: '/networks/{network}',
    operationId: 'removeNetwork',
    tags,
    summary: 'Remove a network that no container is attached to',
    request: { params: networkPath },
    responses: answers({ 204: { description: 'Gone' } }, 404, 409),
  }),
  prune: createRoute({
    method: 'post',
    path: '/networks/prune',
    operationId: 'pruneNetworks',
    tags,
    summary: 'Remove every network that no container is attached to, but the default one',
    request: { headers: idempotencyKey },
    responses: answers(
      { 200: json(z.object({ removed: z.array(networkView) }).meta({ id: 'PrunedNetworks' }), 'What went') },
      ...([409, 422] as const),
    ),
  }),
};

export function networkRoutes(app: V1, deps: Deps): void {
  app.openapi(routes.create, async (c) => {
    const network = await createNetwork(deps, c.get('ctx'), c.req.valid('json'));
    c.header('location', `/v1/networks/${network.id}`);
    return c.json(viewNetwork(network), 201);
  });
  app.openapi(routes.list, async (c) => {
    const { limit, cursor, label, name } = c.req.valid('query');
    const ctx = c.get('ctx');
    const filter = { name, labels: label };
    const question = `networks ${JSON.stringify(filter)}`;
    const page = pageFrom(deps, ctx, question, { limit, cursor });
    const found = await listNetworks(deps, ctx, filter, page);
    const position = ({ createdAt, id }: Network) => ({ at: createdAt.toISOString(), id });
    const { items, nextCursor } = pageOut(deps, ctx, question, page, found, position);
    return c.json({ items: items.map(viewNetwork), nextCursor }, 200);
  });
  app.openapi(routes.get, async (c) =>
    c.json(viewNetwork(await getNetwork(deps, c.get('ctx'), c.req.valid('param').network)), 200),
  );
  app.openapi(routes.remove, async (c) => {
    await removeNetwork(deps, c.get('ctx'), c.req.valid('param').network);
    return c.body(null, 204);
  });
  app.openapi(routes.prune, async (c) =>
    c.json({ removed: (await pruneNetworks(deps, c.get('ctx'))).map(viewNetwork) }, 200),
  );
}
