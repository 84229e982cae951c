/** What a process counted, with what only the database knows. */
import type { Deps } from '../context.ts';
import { dueLagSeconds } from '../db/health.ts';

/** Answers without the database, too: then it says that the lag is unknown. */
export async function exposeMetrics(deps: Deps): Promise<{ contentType: string; text: string }> {
  try {
    deps.metrics.dueLag(await dueLagSeconds(deps.db));
  } catch (error) {
    deps.log.warn({ err: error }, 'the lag of due containers is unknown');
    deps.metrics.dueLag(null);
  }
  return deps.metrics.expose();
}
