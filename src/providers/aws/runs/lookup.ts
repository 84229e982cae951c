/** From a run to its record and its task. */
import type { Task } from '@aws-sdk/client-ecs';
import { AppError } from '../../../domain/errors.ts';
import type { CallOptions, RunRef } from '../../provider.ts';
import { clusterName, mainContainer, startedBy } from '../naming.ts';
import type { Site } from '../site.ts';
import { hasRun, isStopped, mainOf } from './observation.ts';
import { changeRecord, type RecordedRun, readRecord } from './records.ts';
import { listTasks } from './tasks.ts';

export const gone = () => new AppError('not_found', 'The container is gone from AWS');

/** Throws not_found. */
export async function getRecord(site: Site, run: RunRef, options: CallOptions): Promise<RecordedRun> {
  const found = await readRecord(site, run.key, options);
  if (!found) throw gone();
  return found;
}

/**
 * With the ARN of its task where a start was asked for and nobody wrote down what came of it. Null when the record has
 * gone meanwhile.
 */
export async function withTaskArn(
  site: Site,
  recorded: RecordedRun,
  options: CallOptions,
): Promise<RecordedRun | null> {
  const { key, tenantId, attempt, askedAt, taskArn } = recorded.value;
  if (taskArn !== null || askedAt === null) return recorded;
  const cluster = clusterName(site, tenantId);
  for (const desiredStatus of ['RUNNING', 'STOPPED'] as const) {
    const wanted = { cluster, desiredStatus, startedBy: startedBy(key, attempt) };
    const [found] = await listTasks(site, wanted, options);
    if (found === undefined) continue;
    return (await changeRecord(site, recorded, { taskArn: found }, options)) ?? readRecord(site, key, options);
  }
  return recorded;
}

/** Null when ECS does not know it, or there is none. */
export async function taskOf(site: Site, { value }: RecordedRun, options: CallOptions): Promise<Task | null> {
  if (value.taskArn === null) return null;
  return site.tasks.read(clusterName(site, value.tenantId), value.taskArn, options);
}

export interface LiveTask {
  recorded: RecordedRun;
  tenantId: string;
  /** Of its process; empty: root, and the root folder. */
  user: string;
  workdir: string;
  cluster: string;
  taskArn: string;
  container: string;
  task: Task;
}

/** The task whose process lives. Throws not_found when the run is gone and conflict when nothing runs. */
export async function liveTask(site: Site, run: RunRef, options: CallOptions): Promise<LiveTask> {
  const recorded = await withTaskArn(site, await getRecord(site, run, options), options);
  if (!recorded) throw gone();
  const task = recorded.value.ended ? null : await taskOf(site, recorded, options);
  const isLive = task !== null && hasRun(task) && !isStopped(task) && mainOf(task)?.exitCode === undefined;
  if (!isLive) throw new AppError('conflict', 'The container does not run');
  const { tenantId, user, workdir } = recorded.value;
  const cluster = clusterName(site, tenantId);
  return { recorded, tenantId, user, workdir, cluster, taskArn: task.taskArn ?? '', container: mainContainer, task };
}
