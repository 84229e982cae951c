/** Everything that carries this installation's mark: records, groups, access points, images, and tasks without a record. */
import type { Task } from '@aws-sdk/client-ecs';
import type { CallOptions, ImagePort, OwnedObject, Provider } from '../provider.ts';
import { listHeld } from './images/held.ts';
import { clusterName, readStartedBy, tagNames } from './naming.ts';
import { destroyRun } from './runs/ending.ts';
import { observeRecord } from './runs/observe.ts';
import { listRecords, type RecordedRun } from './runs/records.ts';
import { stopTask } from './runs/stop.ts';
import { listTasks } from './runs/tasks.ts';
import { describeGroups, tagOf } from './security-groups.ts';
import type { Site } from './site.ts';
import { listClusters } from './tenant-places.ts';
import { ownVolumes } from './volumes.ts';

const noRun = { containerId: null, incarnation: null, phase: null };

export async function listOwned(site: Site, options: CallOptions): Promise<OwnedObject[]> {
  const [tasks, records, groups, volumes, images] = await Promise.all([
    // Before the records: a task that is made in between is not taken for one without.
    liveTasks(site, options),
    listRecords(site, options),
    describeGroups(site, { [`tag:${tagNames.install}`]: site.installId }, options),
    ownVolumes(site, options),
    listHeld(site, options),
  ]);
  const runs = await Promise.all(records.map((record) => ownedRun(site, record, options)));
  return [
    ...runs.filter((run) => run !== null),
    ...strayTasks(tasks, records),
    ...groups.flatMap((group): OwnedObject[] => {
      const key = tagOf(group, tagNames.key);
      if (key === undefined) return [];
      return [{ kind: 'network', key, handle: key, tenantId: tagOf(group, tagNames.tenant) ?? '', ...noRun }];
    }),
    ...volumes.map((volume): OwnedObject => ({ kind: 'volume', ...volume, ...noRun })),
    ...images.map(({ imageId, tenantId }): OwnedObject => {
      return { kind: 'image', key: imageId, handle: imageId, tenantId, ...noRun };
    }),
  ];
}

async function ownedRun(site: Site, recorded: RecordedRun, options: CallOptions): Promise<OwnedObject | null> {
  const { key, tenantId, containerId, incarnation } = recorded.value;
  const seen = await observeRecord(site, recorded, options);
  if (seen.kind === 'absent') return null;
  return { kind: 'container', key, handle: seen.handle, tenantId, containerId, incarnation, phase: seen.phase };
}

interface OwnTask {
  task: Task;
  tenantId: string;
}

async function liveTasks(site: Site, options: CallOptions): Promise<OwnTask[]> {
  const clusters = await listClusters(site, options);
  const lists = await Promise.all(
    clusters.map(async ({ cluster, tenantId }) => {
      const arns = await listTasks(site, { cluster, desiredStatus: 'RUNNING' }, options);
      const tasks = await Promise.all(arns.map((arn) => site.tasks.read(cluster, arn, options)));
      return tasks.filter((task) => task !== null).map((task) => ({ task, tenantId }));
    }),
  );
  return lists.flat();
}

/** A worker that woke up late may have started one whose run is gone, or a second one. */
function strayTasks(tasks: OwnTask[], records: RecordedRun[]): OwnedObject[] {
  const recorded = new Map(records.map(({ value }) => [value.key, value]));
  return tasks.flatMap(({ task, tenantId }): OwnedObject[] => {
    const start = readStartedBy(task.startedBy);
    if (start === null) return [];
    const record = recorded.get(start.key);
    if (record && (record.taskArn === task.taskArn || (record.taskArn === null && record.attempt === start.attempt))) {
      return [];
    }
    const [, containerId = '', incarnation = ''] = /^ls-([0-9a-f]{64})-(\d+)$/.exec(start.key) ?? [];
    const handle = task.taskArn ?? '';
    return [
      {
        kind: 'container',
        key: start.key,
        handle,
        tenantId,
        containerId,
        incarnation: Number(incarnation),
        phase: 'running',
      },
    ];
  });
}

/** @param parts of the provider, which know how what they made goes away */
export async function discard(
  site: Site,
  object: OwnedObject,
  { images, networks, volumes }: { images: ImagePort } & Pick<Provider, 'networks' | 'volumes'>,
  options: CallOptions,
): Promise<void> {
  const { kind, key, handle, tenantId } = object;
  switch (kind) {
    case 'container':
      if (!handle.startsWith('arn:')) return destroyRun(site, key, options);
      return stopTask(site, { cluster: clusterName(site, tenantId), taskArn: handle, tenantId }, options);
    case 'network':
      return networks.remove({ key, tenantId, internal: false }, options);
    case 'volume':
      return volumes.remove({ key, tenantId }, options);
    case 'image':
      return images.release(key, tenantId, options);
  }
}
