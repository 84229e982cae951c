/** New limits for a run. */
import type { ContainerSpec } from '../../domain/container-spec.ts';
import type { CallOptions, RunRef } from '../provider.ts';
import { type EngineRequest, type Site, safeName } from './client.ts';
import { limits } from './confinement.ts';

export async function updateRun(
  site: Site,
  run: RunRef,
  resources: ContainerSpec['resources'],
  options: CallOptions,
): Promise<void> {
  const request: EngineRequest = {
    method: 'POST',
    path: `/containers/${safeName(run.key)}/update`,
    body: limits(resources),
    subject: { noun: 'container' },
  };
  await site.engine.call(request, options);
}
