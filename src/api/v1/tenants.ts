/** The operator's routes: tenants, their quotas and keys. */
import { createRoute } from '@hono/zod-openapi';
import { z } from 'zod';
import type { Deps } from '../../context.ts';
import { roles } from '../../domain/principal.ts';
import {
  changeQuotas,
  createKey,
  createTenant,
  deleteTenant,
  getTenant,
  listKeys,
  listTenants,
  revokeKey,
  type Tenant,
} from '../../services/tenants.ts';
import { answers, idempotencyKey, json, jsonBody, pageOf, pageQuery } from './openapi.ts';
import type { V1 } from './router.ts';

const tags = ['tenants'];
const tenantName = z
  .string()
  .max(40)
  .regex(/^[a-z0-9][a-z0-9-]*$/, 'must be 1 to 40 of [a-z0-9-], starting with a letter or digit');
const path = z.object({ tenant: z.string().min(1).max(64) });
const quota = z.int().min(0).max(1_000_000);
const quotas = z
  .strictObject({
    containers: quota.optional(),
    volumes: quota.optional(),
    networks: quota.optional(),
    images: quota.optional(),
  })
  .meta({ id: 'Quotas' });
const usage = z.object({ used: z.int(), limit: z.int() });

const tenantView = z
  .object({
    id: z.uuid().describe('What stands for it at the provider: in roles, repositories and names of secrets on AWS'),
    name: z.string(),
    createdAt: z.iso.datetime(),
    deleting: z.boolean(),
    quotas: z.object({ containers: usage, volumes: usage, networks: usage, images: usage }),
  })
  .meta({ id: 'Tenant' });
export const viewTenant = ({ id, name, createdAt, deletingAt, quotas: counted }: Tenant) => ({
  id,
  name,
  createdAt: createdAt.toISOString(),
  deleting: deletingAt !== null,
  quotas: counted,
});

const keyView = z
  .object({
    id: z.string(),
    name: z.string(),
    role: z.enum(roles),
    createdAt: z.iso.datetime(),
    expiresAt: z.iso.datetime().nullable(),
    lastUsedAt: z.iso.datetime().nullable(),
  })
  .meta({ id: 'Key' });
const newKeyView = z
  .object({ id: z.string(), key: z.string().nullable().describe('Shown once; null in a replay') })
  .meta({ id: 'NewKey' });

const routes = {
  create: createRoute({
    method: 'post',
    path: '/tenants',
    operationId: 'createTenant',
    tags,
    summary: 'Create a tenant with its own default network',
    request: {
      headers: idempotencyKey,
      body: jsonBody(z.strictObject({ name: tenantName, quotas: quotas.default({}) }).meta({ id: 'NewTenant' })),
    },
    responses: answers({ 201: json(tenantView, 'Created') }, 409, 413, 422),
  }),
  list: createRoute({
    method: 'get',
    path: '/tenants',
    operationId: 'listTenants',
    tags,
    summary: 'List tenants by name',
    request: {
      query: z.strictObject(pageQuery),
    },
    responses: answers({
      200: json(pageOf(tenantView, 'TenantPage'), 'A page'),
    }),
  }),
  get: createRoute({
    method: 'get',
    path: '/tenants/{tenant}',
    operationId: 'getTenant',
    tags,
    summary: 'Get one tenant with its quotas',
    request: { params: path },
    responses: answers({ 200: json(tenantView, 'The tenant') }, 404),
  }),
  quotas: createRoute({
    method: 'patch',
    path: '/tenants/{tenant}/quotas',
    operationId: 'changeQuotas',
    tags,
    summary: 'Change quotas; a limit below what is used only stops growth',
    request: { params: path, body: jsonBody(quotas) },
    responses: answers({ 200: json(tenantView, 'The tenant') }, 404, 413),
  }),
  remove: createRoute({
    method: 'delete',
    path: '/tenants/{tenant}',
    operationId: 'deleteTenant',
    tags,
    summary: 'Delete a tenant and everything it has, at the provider too',
    request: { params: path },
    responses: answers({ 202: { description: 'Its keys stopped working; the rest is going' } }, 404),
  }),
  createKey: createRoute({
    method: 'post',
    path: '/tenants/{tenant}/keys',
    operationId: 'createKey',
    tags,
    summary: 'Create a key; it is shown once',
    request: {
      params: path,
      headers: idempotencyKey,
      body: jsonBody(
        z
          .strictObject({
            name: z.string().min(1).max(100),
            role: z.enum(roles),
            expiresInDays: z.int().min(1).max(3650).optional().describe('Never, when absent'),
          })
          .meta({ id: 'NewKeyRequest' }),
      ),
    },
    responses: answers({ 201: json(newKeyView, 'Created') }, 404, 409, 413, 422),
  }),
  listKeys: createRoute({
    method: 'get',
    path: '/tenants/{tenant}/keys',
    operationId: 'listKeys',
    tags,
    summary: 'List live keys',
    request: { params: path, query: z.strictObject(pageQuery) },
    responses: answers({ 200: json(pageOf(keyView, 'KeyPage'), 'A page') }, 404),
  }),
  revokeKey: createRoute({
    method: 'delete',
    path: '/tenants/{tenant}/keys/{key}',
    operationId: 'revokeKey',
    tags,
    summary: 'Revoke a key; it stops working within five seconds',
    request: { params: path.extend({ key: z.string().min(1).max(64) }) },
    responses: answers({ 204: { description: 'Revoked' } }, 404),
  }),
};

export function tenantRoutes(app: V1, deps: Deps): void {
  app.openapi(routes.create, async (c) =>
    c.json(viewTenant(await createTenant(deps, c.get('operatorCtx'), c.req.valid('json'))), 201),
  );
  app.openapi(routes.list, async (c) => {
    const { items, nextCursor } = await listTenants(deps, c.req.valid('query'));
    return c.json({ items: items.map(viewTenant), nextCursor }, 200);
  });
  app.openapi(routes.get, async (c) => c.json(viewTenant(await getTenant(deps, c.req.valid('param').tenant)), 200));
  app.openapi(routes.quotas, async (c) =>
    c.json(
      viewTenant(await changeQuotas(deps, c.get('operatorCtx'), c.req.valid('param').tenant, c.req.valid('json'))),
      200,
    ),
  );
  app.openapi(routes.remove, async (c) => {
    await deleteTenant(deps, c.get('operatorCtx'), c.req.valid('param').tenant);
    return c.body(null, 202);
  });
  app.openapi(routes.createKey, async (c) => {
    const created = await createKey(deps, c.get('operatorCtx'), c.req.valid('param').tenant, c.req.valid('json'));
    c.set('storedAnswer', { id: created.id, key: null });
    return c.json(created, 201);
  });
  app.openapi(routes.listKeys, async (c) => {
    const { items: keys, nextCursor } = await listKeys(deps, c.req.valid('param').tenant, c.req.valid('query'));
    const items = keys.map((key) => ({
      ...key,
      createdAt: key.createdAt.toISOString(),
      expiresAt: key.expiresAt?.toISOString() ?? null,
      lastUsedAt: key.lastUsedAt?.toISOString() ?? null,
    }));
    return c.json({ items, nextCursor }, 200);
  });
  app.openapi(routes.revokeKey, async (c) => {
    const { tenant, key } = c.req.valid('param');
    await revokeKey(deps, tenant, key);
    return c.body(null, 204);
  });
}
