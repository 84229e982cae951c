/** Answers a repeated POST whose first attempt had its effect but never told: from the container that it left. */
import type { Context } from 'hono';
import type { Deps } from '../../context.ts';
import { recallContainer } from '../../services/containers.ts';
import type { Environment } from '../environment.ts';
import { viewContainer } from './container-views.ts';

export function recoverAnswer(deps: Deps): (c: Context<Environment>, resource: string) => Promise<Response> {
  return async (c, resource) => {
    const container = await recallContainer(deps, c.get('ctx'), resource);
    const settled = container.observedGeneration >= container.generation;
    const created = c.req.path.endsWith('/containers');
    const body = created ? viewContainer(container) : { ...viewContainer(container), changed: true, operationId: null };
    return c.json(body, settled ? (created ? 201 : 200) : 202);
  };
}
