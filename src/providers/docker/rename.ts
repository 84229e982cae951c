/** A new DNS name for a run. The Engine sets names when a network is connected, so that each is disconnected for a moment. */
import { z } from 'zod';
import { AppError } from '../../domain/errors.ts';
import type { CallOptions, RunRef } from '../provider.ts';
import type { Site } from './client.ts';
import { networksLabel, readMark } from './labels.ts';
import { connect, disconnect } from './networks.ts';
import { inspectRun } from './observe.ts';
import { aliases } from './to-docker.ts';

const networks = z.record(z.string(), z.array(z.string()));

/**
 * Throws not_found when the run is gone. The networks are read from the run's own label, so that a repetition also mends
 * what an earlier call left disconnected.
 */
export async function renameRun(site: Site, run: RunRef, name: string, options: CallOptions): Promise<void> {
  const found = await inspectRun(site, run.key, options);
  if (!found) throw new AppError('not_found', 'The container is gone from the Docker Engine');
  const containerId = readMark(found.Config.Labels).containerId ?? '';
  const belongs = networks.parse(JSON.parse(found.Config.Labels?.[networksLabel] ?? '{}'));
  for (const [network, own] of Object.entries(belongs)) {
    const wanted = aliases({ name, containerId }, own);
    const endpoint = found.NetworkSettings.Networks?.[network];
    if (endpoint && sameStart(endpoint.Aliases ?? [], wanted)) continue;
    if (endpoint) await disconnect(site, network, run.key, options);
    await connect(site, network, run.key, wanted, options);
  }
}

/** Some Engines append their own short id to the list. */
function sameStart(present: string[], wanted: string[]): boolean {
  return wanted.every((alias, index) => present[index] === alias);
}
