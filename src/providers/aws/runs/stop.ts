/** StopTask: the image's stop signal, and KILL when the grace of the task definition is over. */
import { StopTaskCommand } from '@aws-sdk/client-ecs';
import type { CallOptions } from '../../provider.ts';
import { isAwsError } from '../errors.ts';
import { ask, type Site } from '../site.ts';

export interface TaskRef {
  cluster: string;
  taskArn: string;
  tenantId: string;
}

/** Repeatable: what is gone or stopped has been stopped. */
export async function stopTask(
  site: Site,
  { cluster, taskArn, tenantId }: TaskRef,
  options: CallOptions,
): Promise<void> {
  const command = new StopTaskCommand({ cluster, task: taskArn, reason: 'Stopped by Longshore' });
  const send = (http: { abortSignal: AbortSignal }) => site.clients.ecs.send(command, http);
  try {
    await ask(site, { action: 'ecs:StopTask', subject: { noun: 'container' }, tenantId, send }, options);
  } catch (error) {
    const isGone = isAwsError(error, /ClusterNotFound/) || /task was not found/i.test(String((error as Error).cause));
    if (!isGone) throw error;
  }
}
