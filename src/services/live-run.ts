/** What calls to a run start from: the run behind a tenant's reference, in a state that allows it. */
import type { Ctx, Deps } from '../context.ts';
import { type Container, type ContainerAction, can, statusOf } from '../domain/container.ts';
import { AppError } from '../domain/errors.ts';
import type { RunRef } from '../providers/provider.ts';
import { reconcileContainer } from '../reconcile/step.ts';
import { getContainer } from './containers.ts';

const MAKING_SECONDS = 10;

export const runOf = ({ run }: Container): RunRef => ({ key: run.providerKey, handle: run.handle });

/** Throws not_found, and conflict naming the state in which the container has no process to look at. */
export async function liveContainer(
  deps: Deps,
  ctx: Ctx,
  reference: string,
  action: Extract<ContainerAction, 'exec' | 'stats' | 'top'>,
): Promise<Container> {
  return allowing(action, await getContainer(deps, ctx, reference));
}

/** One that is still on its way to the provider is waited for. Throws not_found, and conflict where there are no files yet or any more. */
export async function madeContainer(
  deps: Deps,
  ctx: Ctx,
  reference: string,
  action: Extract<ContainerAction, 'archive' | 'changes' | 'export' | 'commit'>,
): Promise<Container> {
  const container = allowing(action, await getContainer(deps, ctx, reference));
  if (container.run.handle !== null) return container;
  await reconcileContainer(deps, container, MAKING_SECONDS);
  const made = allowing(action, await getContainer(deps, ctx, container.id));
  if (made.run.handle !== null) return made;
  throw new AppError('conflict', `Cannot ${action} container ${made.name}: it is not made yet`, {
    details: { state: statusOf(made), retryAfterSeconds: 1 },
  });
}

function allowing(action: ContainerAction, container: Container): Container {
  const state = statusOf(container);
  if (can(action, state) === 'yes') return container;
  const message = `Cannot ${action} container ${container.name}: it is ${state}`;
  throw new AppError('conflict', message, { details: { state } });
}
