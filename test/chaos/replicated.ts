/** Families that need no Engine: servers of this process on a Postgres of their own. */
import { type Replicas, startReplicas } from '../support/replicas.ts';
import { startCluster } from './cluster.ts';
import { type Setting, unlessInterrupted, type Verdict } from './trial.ts';

export async function withReplicas(
  count: number,
  { signal }: Pick<Setting, 'signal'>,
  act: (replicas: Replicas) => Promise<Verdict>,
): Promise<Verdict> {
  await using cleanup = new AsyncDisposableStack();
  const cluster = await startCluster();
  cleanup.defer(cluster.remove);
  const replicas = await startReplicas(cluster.url, count);
  cleanup.defer(replicas.close);
  return await unlessInterrupted(act(replicas), signal);
}
