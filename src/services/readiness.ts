/** Whether this process could serve a request right now. */
import type { Deps } from '../context.ts';
import { pingDatabase } from '../db/health.ts';

const PROBE_MS = 2000;

export async function isReady(deps: Deps, signal: AbortSignal): Promise<{ database: boolean; provider: boolean }> {
  const deadline = AbortSignal.any([signal, AbortSignal.timeout(PROBE_MS)]);
  const answers = (probe: Promise<void>) =>
    probe.then(
      () => true,
      () => false,
    );
  const [database, provider] = await Promise.all([
    answers(pingDatabase(deps.db)),
    answers(deps.provider.ping({ signal: deadline })),
  ]);
  return { database, provider };
}
