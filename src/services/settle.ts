/** After intent was accepted: works on it inline, within a budget, and says how it ended. Shared by every verb. */
import type { Deps } from '../context.ts';
import { findContainerById } from '../db/containers.ts';
import { operationOutcome } from '../db/operations.ts';
import type { Container } from '../domain/container.ts';
import { AppError } from '../domain/errors.ts';
import { containerTopic } from '../domain/wakeups.ts';
import type { Lease } from '../reconcile/lease.ts';
import { reconcileContainer, work } from '../reconcile/step.ts';

export interface Settled {
  container: Container;
  /** False: still on its way; the operation tells when it has arrived. */
  converged: boolean;
}

/**
 * Waits until the generation of `accepted` is settled. Throws the failure that ended it, with the ids to follow it up:
 * unavailable while the provider is away (intent is kept), conflict, invalid … when the provider said no for good.
 * @param lease taken together with it
 */
export async function settle(
  deps: Deps,
  accepted: Container,
  operationId: string,
  budgetSeconds: number,
  lease: Lease | null = null,
): Promise<Settled> {
  const endsAt = deps.clock.now() + budgetSeconds * 1000;
  const at = { tenantId: accepted.tenantId, id: accepted.id };
  let held = lease;
  for (let pollMs = 20; ; pollMs = Math.min(pollMs * 2, 500)) {
    const leftSeconds = (endsAt - deps.clock.now()) / 1000;
    const stay = Math.max(0, leftSeconds);
    const outcome = held ? await work(deps, held, stay) : await reconcileContainer(deps, at, stay);
    held = null;
    if (outcome?.failure && !passesByItself(outcome.failure)) throw followUp(outcome.failure, accepted.id, operationId);
    if (outcome?.settledGeneration != null && outcome.settledGeneration >= accepted.generation) {
      return { container: outcome.container, converged: true };
    }
    const container = outcome?.container ?? (await findContainerById(deps.db, at.tenantId, at.id)) ?? accepted;
    if (container.removedAt !== null || container.observedGeneration >= accepted.generation) {
      const failure = await operationOutcome(deps.db, at.tenantId, operationId);
      if (failure) throw followUp(new AppError(failure.code, failure.message), accepted.id, operationId);
      return { container, converged: true };
    }
    if (leftSeconds <= 0) return { container, converged: false };
    await deps.wakeups.wait(containerTopic(at.id), Math.min(pollMs, leftSeconds * 1000));
  }
}

/** A hiccup of the provider is tried again within the budget, and after it by the worker: no reason to fail a request that was accepted. */
const passesByItself = ({ code }: AppError): boolean => code === 'internal' || code === 'rate_limited';

function followUp(failure: AppError, containerId: string, operationId: string): AppError {
  return new AppError(failure.code, failure.message, {
    details: { ...failure.details, containerId, operationId },
    cause: failure.cause ?? failure,
  });
}
