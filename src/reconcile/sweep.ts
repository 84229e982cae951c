/** The periodic pass: the same work in good and in bad times. Each part fails alone. */
import type { Deps } from '../context.ts';
import { purgeExpired } from '../db/retention.ts';
import { beginTurn, turns } from '../db/sweep-turns.ts';
import { type OrphanReport, removeOrphans } from './orphans.ts';
import { finishTenantDeletions } from './tenant-deletion.ts';

export interface SweepReport {
  orphans: OrphanReport | null;
  purged: number;
  tenants: { erased: number; pending: number };
  /** Parts that failed or were cut short. */
  unfinished: string[];
}

type Part = (deps: Deps, report: SweepReport, signal: AbortSignal) => Promise<void>;

const parts: Record<string, Part> = {
  orphans: async (deps, report, signal) => {
    report.orphans = await removeOrphans(deps, signal);
    deps.metrics.swept(report.orphans);
  },
  'tenant deletion': async (deps, report, signal) => {
    report.tenants = await finishTenantDeletions(deps, signal);
  },
  retention: async (deps, report, signal) => {
    report.purged = await purgeExpired(deps.db, deps.limits.retainHours, signal);
  },
};

/** All parts, one after the other, until aborted. */
export const sweep = (deps: Deps, signal: AbortSignal): Promise<SweepReport> =>
  perform(deps, Object.keys(parts), signal, async () => {});

/** The same where there may not be time for all: who had to wait longest comes first, and a part cut short goes on in its next turn. */
export async function sweepInTurn(deps: Deps, signal: AbortSignal): Promise<SweepReport> {
  const order = await turns(deps.db, Object.keys(parts));
  return perform(deps, order, signal, (name) => beginTurn(deps.db, name));
}

async function perform(
  deps: Deps,
  order: string[],
  signal: AbortSignal,
  begin: (name: string) => Promise<void>,
): Promise<SweepReport> {
  const report: SweepReport = { orphans: null, purged: 0, tenants: { erased: 0, pending: 0 }, unfinished: [] };
  for (const name of order) {
    try {
      if (!signal.aborted) {
        await begin(name);
        await parts[name]?.(deps, report, signal);
      }
    } catch (error) {
      report.unfinished.push(name);
      if (!signal.aborted) deps.log.error({ err: error }, `sweep: ${name} failed; the next pass tries again`);
      continue;
    }
    if (signal.aborted) report.unfinished.push(name);
  }
  return report;
}
