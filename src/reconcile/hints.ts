/** Something may have happened to a container: whoever works on it here looks once more, otherwise it becomes due. */
import type { Deps } from '../context.ts';
import { nudge } from '../db/claims.ts';
import { containerTopic, DUE_TOPIC } from '../domain/wakeups.ts';
import type { Hint } from '../providers/provider.ts';

export async function takeHint(deps: Deps, hint: Hint): Promise<void> {
  if (!(await isLookedAt(deps, hint))) await makeDue(deps, hint.containerId);
}

/** Whether somebody who works on it here knows the news, or has looked at it since this was called. Costs nothing. */
export function isLookedAt(deps: Deps, { containerId, news }: Hint): Promise<boolean> {
  const looked = deps.wakeups.ask(containerTopic(containerId), news);
  deps.wakeups.wake(containerTopic(containerId));
  return looked;
}

async function makeDue(deps: Deps, containerId: string): Promise<void> {
  const tenantId = await nudge(deps.db, containerId);
  deps.wakeups.wake(containerTopic(containerId));
  if (tenantId !== null) deps.wakeups.wake(DUE_TOPIC);
}
