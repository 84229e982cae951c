/** What logs, exec, stats and top start from: the run behind a tenant's reference, in a state that allows it. */
import type { Ctx, Deps } from '../context.ts';
import { type Container, type ContainerAction, can, statusOf } from '../domain/container.ts';
import { AppError } from '../domain/errors.ts';
import type { RunRef } from '../providers/provider.ts';
import { getContainer } from './containers.ts';

export const runOf = ({ run }: Container): RunRef => ({ key: run.providerKey, handle: run.handle });

/** Throws not_found, and conflict naming the state in which the container has no process to look at. */
export async function liveContainer(
  deps: Deps,
  ctx: Ctx,
  reference: string,
  action: Extract<ContainerAction, 'exec' | 'stats' | 'top'>,
): Promise<Container> {
  const container = await getContainer(deps, ctx, reference);
  const state = statusOf(container);
  if (can(action, state) === 'yes') return container;
  const message = `Cannot ${action} container ${container.name}: it is ${state}`;
  throw new AppError('conflict', message, { details: { state } });
}
