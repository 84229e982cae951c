/**
 * Hints by asking: the tasks of each cluster are listed again and again, and only those between two states are looked at, all
 * tenants' together. A container that simply runs costs nothing. Where events come through a queue, it is for those that got lost.
 */
import type { Task } from '@aws-sdk/client-ecs';
import type { CallOptions, Hint, WatchOptions } from '../provider.ts';
import { readStartedBy } from './naming.ts';
import { hasRun, isStopped } from './runs/observation.ts';
import { listTasks } from './runs/tasks.ts';
import type { Site } from './site.ts';
import { knownClusters, listClusters } from './tenant-places.ts';

const shortestPauseMs = 2_000;
/** Beside a queue of events. */
const backstopMs = 60_000;
/** Two lists each, of the account's twenty calls a second. */
const perClusterMs = 400;
const clustersMs = 60_000;
const lookMs = 60_000;

export async function* watchTasks(site: Site, { signal, onHearing }: WatchOptions): AsyncGenerator<Hint, void, void> {
  const view = createView(site);
  const pauseMs = site.settings.eventsQueue === null ? shortestPauseMs : backstopMs;
  let isHearing = false;
  while (!signal.aborted) {
    try {
      const hints = await view.look({ signal: AbortSignal.any([signal, AbortSignal.timeout(lookMs)]) });
      if (!isHearing) onHearing?.();
      isHearing = true;
      yield* hints;
    } catch (error) {
      if (!signal.aborted) site.log('hints of ECS interrupted', { err: error });
      isHearing = false;
    }
    await site.clock.sleep(Math.max(pauseMs, view.clusterCount * perClusterMs), signal);
  }
}

function createView(site: Site) {
  let clusters: string[] = [];
  let listedAt = Number.NEGATIVE_INFINITY;
  /** What each cluster's task is meant to be, as it was listed last. */
  let before: Map<string, string> | null = null;
  /** Not yet up, or not yet ended. */
  let moving = new Map<string, string>();

  async function look(options: CallOptions): Promise<Hint[]> {
    if (site.clock.now() - listedAt >= clustersMs) {
      clusters = (await listClusters(site, options)).map(({ cluster }) => cluster);
      listedAt = site.clock.now();
    }
    const now = new Map<string, string>();
    const homes = new Map<string, string>();
    // A tenant's first container is heard of before the clusters are listed again.
    for (const cluster of new Set([...clusters, ...knownClusters(site)])) {
      for (const desiredStatus of ['RUNNING', 'STOPPED'] as const) {
        for (const arn of await listTasks(site, { cluster, desiredStatus }, options)) {
          now.set(arn, desiredStatus);
          homes.set(arn, cluster);
        }
      }
    }
    const known = before;
    const changed = known === null ? [] : [...now].filter(([arn, status]) => known.get(arn) !== status);
    const vanished = known === null ? [] : [...known.keys()].filter((arn) => !now.has(arn) && moving.has(arn));
    const looked = new Map(moving);
    for (const [arn] of changed) looked.set(arn, homes.get(arn) ?? '');
    for (const arn of vanished) looked.delete(arn);
    const isNew = new Set(changed.map(([arn]) => arn));
    before = now;
    const seen = await Promise.all(
      [...looked].map(async ([arn, cluster]) => ({ arn, cluster, task: await site.tasks.read(cluster, arn, options) })),
    );
    const settled = seen.filter(({ task }) => task !== null && isSettled(task));
    moving = new Map(
      seen.filter(({ task }) => task === null || !isSettled(task)).map(({ arn, cluster }) => [arn, cluster]),
    );
    const worth = new Set([...settled.map(({ arn }) => arn), ...isNew]);
    return seen.filter(({ arn }) => worth.has(arn)).flatMap(({ task }) => hintOf(task));
  }

  return {
    look,
    get clusterCount() {
      return clusters.length;
    },
  };
}

const isSettled = (task: Task): boolean =>
  isStopped(task) || (task.desiredStatus === 'RUNNING' && hasRun(task) && task.lastStatus === 'RUNNING');

function hintOf(task: Task | null): Hint[] {
  const start = readStartedBy(task?.startedBy);
  const [, containerId] = /^ls-([0-9a-f]{64})-/.exec(start?.key ?? '') ?? [];
  return containerId === undefined ? [] : [{ containerId, news: 'changed' }];
}
