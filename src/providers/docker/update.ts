/** New limits for a run. */
import type { Resources } from '../../domain/container-spec.ts';
import type { CallOptions, RunRef } from '../provider.ts';
import { type EngineRequest, type Site, safeName } from './client.ts';
import { limits } from './confinement.ts';

export async function updateRun(site: Site, run: RunRef, resources: Resources, options: CallOptions): Promise<void> {
  // These are for its whole life.
  const { shmMiB: _shm, oomScoreAdj: _score, ...changeable } = resources;
  const request: EngineRequest = {
    method: 'POST',
    path: `/containers/${safeName(run.key)}/update`,
    body: limits(changeable),
    subject: { noun: 'container' },
  };
  await site.engine.call(request, options);
}
