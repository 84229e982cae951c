/** Long polls for a container's state: woken by this process, and looking for itself, as others change it too. */
import type { Ctx, Deps } from '../context.ts';
import { findContainerById } from '../db/containers.ts';
import { type Container, type ContainerStatus, statusOf } from '../domain/container.ts';
import { containerTopic } from '../domain/wakeups.ts';
import { getContainer } from './containers.ts';

export const waitConditions = ['running', 'exited', 'removed'] as const;
export type WaitCondition = (typeof waitConditions)[number];

const FIRST_POLL_MS = 50;
const LONGEST_POLL_MS = 500;

/** The statuses that meet each condition: what will never run again by itself counts as exited. */
const meets: Record<WaitCondition, readonly ContainerStatus[]> = {
  running: ['running'],
  exited: ['exited', 'failed', 'lost', 'removed'],
  removed: ['removed'],
};

/**
 * Until the condition is met, the time is over, or the signal aborts. Throws not_found for what was removed before; a
 * container that is removed meanwhile is still answered, as it was last seen.
 */
export async function waitForContainer(
  deps: Deps,
  ctx: Ctx,
  reference: string,
  input: { condition: WaitCondition; timeoutSeconds: number },
  signal: AbortSignal,
): Promise<{ container: Container; met: boolean }> {
  const endsAt = deps.clock.now() + input.timeoutSeconds * 1000;
  let container = await getContainer(deps, ctx, reference);
  for (let pollMs = FIRST_POLL_MS; ; pollMs = Math.min(pollMs * 2, LONGEST_POLL_MS)) {
    if (meets[input.condition].includes(statusOf(container))) return { container, met: true };
    const leftMs = endsAt - deps.clock.now();
    if (leftMs <= 0 || signal.aborted) return { container, met: false };
    await deps.wakeups.wait(containerTopic(container.id), Math.min(pollMs, leftMs), signal);
    const found = await findContainerById(deps.db, container.tenantId, container.id);
    if (!found) return { container, met: input.condition !== 'running' };
    container = found;
  }
}
