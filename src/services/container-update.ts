/** New limits and another restart policy for a container: intent, which reconcile carries to its run, or to the next one. */
import type { Ctx, Deps } from '../context.ts';
import type { Container } from '../domain/container.ts';
import { statusOf } from '../domain/container.ts';
import type { ChangeableResources, ContainerSpec } from '../domain/container-spec.ts';
import { AppError, isRetryable } from '../domain/errors.ts';
import { lacking } from '../domain/features.ts';
import { sameLimits } from '../reconcile/plan.ts';
import { checkSupported } from './check-spec.ts';
import { perform, type VerbResult } from './container-verbs.ts';
import { getContainer } from './containers.ts';

export interface UpdateContainerInput {
  /** Absent ones stay. */
  resources?: ChangeableResources | undefined;
  restart?: ContainerSpec['restart'] | undefined;
}

/**
 * Throws limit above the operator's bounds, unsupported, invalid for a restart policy beside autoRemove, and invalid or
 * conflict where the provider refuses the limits: then the old ones hold as before.
 */
export async function updateContainer(
  deps: Deps,
  ctx: Ctx,
  reference: string,
  input: UpdateContainerInput,
): Promise<VerbResult> {
  const wanted = (container: Container) => updated(deps, container.spec, input);
  const before = await getContainer(deps, ctx, reference);
  const changesLimits = !sameLimits(input.resources ?? {}, before.spec.resources);
  if (changesLimits && !deps.provider.update && before.run.handle !== null) {
    throw lacking(deps.provider.name, 'update');
  }
  try {
    return await perform(deps, ctx, before.id, 'update', (container) => ({
      spec: wanted(container),
      // A policy that comes after the end waits for the next start.
      restartSuppressed: container.restartSuppressed || ['exited', 'failed', 'lost'].includes(statusOf(container)),
    }));
  } catch (error) {
    const refused = error instanceof AppError && error.details.operationId !== undefined && !isRetryable(error);
    // Who changes no limits refuses none: then it is something else that went wrong.
    if (refused && deps.provider.update) await takeBack(deps, ctx, before, wanted(before));
    throw error;
  }
}

function updated(deps: Deps, spec: ContainerSpec, { resources = {}, restart = spec.restart }: UpdateContainerInput) {
  const given = Object.fromEntries(Object.entries(resources).filter(([, value]) => value !== undefined));
  const changed = { ...spec, resources: { ...spec.resources, ...given }, restart };
  if (changed.autoRemove && restart.policy !== 'no') {
    throw new AppError('invalid', 'restart: a container that removes itself cannot be restarted by a policy');
  }
  checkSupported(changed, deps.provider, deps.limits);
  return changed;
}

/** Unless others changed it meanwhile, or the run has what was asked for after all. */
async function takeBack(deps: Deps, ctx: Ctx, before: Container, refused: ContainerSpec): Promise<void> {
  try {
    const now = await getContainer(deps, ctx, before.id);
    const ours = JSON.stringify(now.spec) === JSON.stringify(refused);
    const lacking = now.run.resources !== null && !sameLimits(refused.resources, now.run.resources);
    if (!ours || !lacking) return;
    const { restartSuppressed } = before;
    await perform(deps, { ...ctx, claim: null }, before.id, 'update', () => ({ spec: before.spec, restartSuppressed }));
  } catch (error) {
    ctx.log.warn({ err: error, container: before.id }, 'refused limits could not be taken back; they are tried again');
  }
}
