/** What can be said of this process and its parts without a tenant: ready or not, and what to watch out for. */
import type { Deps } from '../context.ts';
import { pingDatabase } from '../db/health.ts';

const PROBE_MS = 2000;

/** Says in the log what an operator should know of the provider: a runtime with a known hole, say. */
export async function logProviderWarnings(deps: Deps): Promise<void> {
  try {
    const warnings = await deps.provider.warnings?.({ signal: AbortSignal.timeout(PROBE_MS) });
    for (const warning of warnings ?? []) deps.log.warn(warning);
  } catch (error) {
    deps.log.warn({ err: error }, 'the provider does not answer yet');
  }
}

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
