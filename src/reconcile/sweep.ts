/** The periodic pass: the same work in good and in bad times. Each part fails alone. */
import type { Deps } from '../context.ts';
import { purgeExpired } from '../db/retention.ts';
import { type OrphanReport, removeOrphans } from './orphans.ts';
import { finishTenantDeletions } from './tenant-deletion.ts';

export interface SweepReport {
  orphans: OrphanReport | null;
  purged: number;
  tenants: { erased: number; pending: number };
}

export async function sweep(deps: Deps, signal: AbortSignal): Promise<SweepReport> {
  const report: SweepReport = { orphans: null, purged: 0, tenants: { erased: 0, pending: 0 } };
  const part = async (name: string, run: () => Promise<void>) => {
    if (signal.aborted) return;
    try {
      await run();
    } catch (error) {
      if (!signal.aborted) deps.log.error({ err: error }, `sweep: ${name} failed; the next pass tries again`);
    }
  };
  await part('orphans', async () => {
    report.orphans = await removeOrphans(deps, signal);
    deps.metrics.swept(report.orphans);
  });
  await part('tenant deletion', async () => {
    report.tenants = await finishTenantDeletions(deps, signal);
  });
  await part('retention', async () => {
    report.purged = await purgeExpired(deps.db, deps.limits.retainHours);
  });
  return report;
}
