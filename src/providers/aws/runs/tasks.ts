/**
 * Reading tasks for everybody in this process: what is asked for at about the same time goes into one DescribeTasks per
 * cluster and hundred tasks, because the account has few of these calls for all of its tenants.
 */
import { DescribeTasksCommand, ListTasksCommand, type ListTasksCommandOutput, type Task } from '@aws-sdk/client-ecs';
import { AppError, unless } from '../../../domain/errors.ts';
import type { CallOptions } from '../../provider.ts';
import { toAppError } from '../errors.ts';
import { type AwsAccess, ask, type Site, type TaskReader } from '../site.ts';

const subject = { noun: 'container' };
const mostAtOnce = 100;
/** For how long questions are gathered. */
const gatherMs = 20;
const batchMs = 15_000;

interface Waiting {
  resolve: (task: Task | null) => void;
  reject: (error: unknown) => void;
}

export function createTaskReader(site: AwsAccess): TaskReader {
  /** Who waits, by cluster and task. */
  const open = new Map<string, Map<string, Waiting[]>>();

  async function flush(cluster: string): Promise<void> {
    await site.clock.sleep(gatherMs);
    const batch = open.get(cluster) ?? new Map<string, Waiting[]>();
    while (batch.size > 0) await answer(cluster, batch);
  }

  /** Takes those who wait when its turn has come, however long that took. */
  async function answer(cluster: string, waiting: Map<string, Waiting[]>): Promise<void> {
    let taken = new Map<string, Waiting[]>();
    const take = () => {
      taken = new Map([...waiting].slice(0, mostAtOnce));
      for (const arn of taken.keys()) waiting.delete(arn);
      if (waiting.size === 0) open.delete(cluster);
      return [...taken.keys()];
    };
    try {
      const tasks = await describe(site, cluster, take, { signal: AbortSignal.timeout(batchMs) });
      for (const [arn, each] of taken) for (const { resolve } of each) resolve(tasks.get(arn) ?? null);
    } catch (error) {
      if (taken.size === 0) take();
      for (const { reject } of [...taken.values()].flat()) reject(error);
    }
  }

  return {
    read: (cluster, taskArn, { signal }) =>
      new Promise((resolve, reject) => {
        if (signal.aborted) return reject(new AppError('timeout', 'AWS did not answer in time'));
        const leave = () => reject(toAppError(signal.reason, 'ecs:DescribeTasks', subject, signal));
        signal.addEventListener('abort', leave, { once: true });
        const done = () => signal.removeEventListener('abort', leave);
        const waiting: Waiting = {
          resolve: (task) => {
            done();
            resolve(task);
          },
          reject: (error) => {
            done();
            reject(error);
          },
        };
        const batch = open.get(cluster) ?? new Map<string, Waiting[]>();
        batch.set(taskArn, [...(batch.get(taskArn) ?? []), waiting]);
        if (open.has(cluster)) return;
        open.set(cluster, batch);
        void flush(cluster);
      }),
  };
}

/** @param take names them, at most a hundred, when they can be asked for. Those that ECS does not know are left out. A cluster that is gone has none. */
async function describe(
  site: AwsAccess,
  cluster: string,
  take: () => string[],
  options: CallOptions,
): Promise<Map<string, Task>> {
  const send = (http: { abortSignal: AbortSignal }) =>
    site.clients.ecs.send(new DescribeTasksCommand({ cluster, tasks: take() }), http);
  const call = ask(site, { action: 'ecs:DescribeTasks', subject, tenantId: cluster, send }, options);
  const { tasks = [] } = await unless(call, ['not_found'], { tasks: [] });
  return new Map(tasks.map((task) => [task.taskArn ?? '', task]));
}

/** None of a cluster that is gone. ARNs of tasks that are to run or, with STOPPED, are to end or have. @param startedBy all of the cluster without it */
export async function listTasks(
  site: Site,
  { cluster, desiredStatus, startedBy }: { cluster: string; desiredStatus: 'RUNNING' | 'STOPPED'; startedBy?: string },
  options: CallOptions,
): Promise<string[]> {
  const found: string[] = [];
  let nextToken: string | undefined;
  do {
    const command = new ListTasksCommand({ cluster, desiredStatus, startedBy, nextToken });
    const send = (http: { abortSignal: AbortSignal }) => site.clients.ecs.send(command, http);
    const call = ask(site, { action: 'ecs:ListTasks', subject, tenantId: cluster, send }, options);
    const page: Pick<ListTasksCommandOutput, 'taskArns' | 'nextToken'> = await unless(call, ['not_found'], {});
    found.push(...(page.taskArns ?? []));
    nextToken = page.nextToken;
  } while (nextToken !== undefined);
  return found;
}
