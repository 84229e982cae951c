/** A new DNS name for a run. The Engine sets names when a network is connected, so that each is disconnected for a moment. */
import { AppError } from '../../domain/errors.ts';
import type { CallOptions, EndpointInput, RunRef } from '../provider.ts';
import type { Site } from './client.ts';
import { connect, disconnect } from './networks.ts';
import { inspectRun } from './observe.ts';
import { aliases } from './to-docker.ts';

/** Throws not_found when the run is gone. A repetition also mends what an earlier call left disconnected. */
export async function renameRun(
  site: Site,
  run: RunRef,
  endpoints: EndpointInput[],
  options: CallOptions,
): Promise<void> {
  const found = await inspectRun(site, run.key, options);
  if (!found) throw new AppError('not_found', 'The container is gone from the Docker Engine');
  for (const endpoint of endpoints) {
    const present = found.NetworkSettings.Networks?.[endpoint.key];
    if (present && sameStart(present.Aliases ?? [], aliases(endpoint, endpoint.aliases))) continue;
    if (present) await disconnect(site, endpoint.key, run.key, options);
    await connect(site, run.key, endpoint, options);
  }
}

/** Some Engines append their own short id to the list. */
function sameStart(present: string[], wanted: string[]): boolean {
  return wanted.every((alias, index) => present[index] === alias);
}
