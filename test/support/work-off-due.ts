import type { Deps } from '../../src/context.ts';
import { takeDue } from '../../src/reconcile/lease.ts';
import { work } from '../../src/reconcile/step.ts';

/** One round over what is due; answers how many containers it worked on. */
export async function workOffDue(deps: Deps, limit: number): Promise<number> {
  const leases = await takeDue(deps, limit);
  await Promise.all(leases.map((lease) => work(deps, lease, 0)));
  return leases.length;
}
