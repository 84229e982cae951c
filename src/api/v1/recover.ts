/** Answers a repeated POST whose first attempt had its effect but never told: from the object that it left. */
import type { Context } from 'hono';
import type { Deps } from '../../context.ts';
import { ownTenant, recallCertificate, tenantNamed } from '../../services/certificates.ts';
import { recallContainer } from '../../services/containers.ts';
import { requireImage } from '../../services/images.ts';
import { getNetwork } from '../../services/networks.ts';
import { getTenant } from '../../services/tenants.ts';
import { getVolume } from '../../services/volumes.ts';
import type { Environment } from '../environment.ts';
import { viewIssued } from './certificates.ts';
import { viewContainer } from './container-views.ts';
import { unknownResult } from './exec.ts';
import { viewImage } from './image-views.ts';
import { viewNetwork } from './networks.ts';
import { viewTenant } from './tenants.ts';
import { viewVolume } from './volumes.ts';

export function recoverAnswer(deps: Deps): (c: Context<Environment>, resource: string) => Promise<Response> {
  return async (c, resource) => {
    const ctx = c.get('ctx');
    const { path } = c.req;
    if (path.endsWith('/tenants')) return c.json(viewTenant(await getTenant(deps, resource)), 201);
    if (path.endsWith('/keys')) return c.json({ id: resource, key: null }, 201);
    if (path.endsWith('/certificates')) {
      const [, , collection, name = ''] = path.split('/');
      const tenant = collection === 'tenants' ? await tenantNamed(deps, name) : ownTenant(ctx);
      return c.json(viewIssued(deps, await recallCertificate(deps, tenant, resource)), 201);
    }
    if (path.endsWith('/exec')) return c.json(unknownResult, 200);
    if (path.endsWith('/commit')) return c.json(viewImage(await requireImage(deps, ctx, resource)), 201);
    if (path.endsWith('/networks')) return c.json(viewNetwork(await getNetwork(deps, ctx, resource)), 201);
    if (path.endsWith('/volumes')) {
      return c.json({ ...viewVolume(await getVolume(deps, ctx, resource)), changed: true }, 201);
    }
    const container = await recallContainer(deps, ctx, resource);
    const settled = container.observedGeneration >= container.generation;
    const created = path.endsWith('/containers');
    const body = created ? viewContainer(container) : { ...viewContainer(container), changed: true, operationId: null };
    return c.json(body, settled ? (created ? 201 : 200) : 202);
  };
}
