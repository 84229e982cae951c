/** ExecuteCommand: opens a session whose data channel is a WebSocket of this fake. */
import type { ExecuteCommandRequest, ExecuteCommandResponse } from '@aws-sdk/client-ecs';
import { AwsError } from '../aws-error.ts';
import type { Call } from '../service.ts';
import { invalidParameter } from './ecs-store.ts';

export function executeCommand(input: ExecuteCommandRequest, { site }: Call): ExecuteCommandResponse {
  const cluster = site.ecs.cluster(input.cluster);
  const record = site.ecs.task(cluster.clusterArn, input.task ?? '');
  if (!record) throw invalidParameter('The referenced task was not found.');
  if (input.interactive !== true) throw invalidParameter('Interactive is the only mode supported currently.');
  const { task, containers } = record;
  const name = input.container ?? (task.containers.length === 1 ? task.containers[0]?.name : undefined);
  const shown = task.containers.find((container) => container.name === name);
  if (!name) throw invalidParameter('A container name is required for a task of several containers.');
  if (!shown) throw invalidParameter(`The container ${name} is not in the task.`);
  if (!task.enableExecuteCommand) {
    const text = 'execute command was not enabled when the task was run or the execute command agent isn’t running.';
    throw invalidParameter(`The execute command failed because ${text}`);
  }
  const running = containers.get(name);
  const ready = shown.managedAgents?.some(({ lastStatus }) => lastStatus === 'RUNNING');
  if (task.lastStatus !== 'RUNNING' || !running || !ready) {
    throw new AwsError(
      'TargetNotConnectedException',
      'The execute command failed due to an internal error. Try again later.',
    );
  }
  const session = site.world.sessions.open(running, input.command ?? '');
  return {
    clusterArn: cluster.clusterArn,
    taskArn: task.taskArn,
    containerArn: shown.containerArn ?? '',
    containerName: name,
    interactive: true,
    session,
  };
}
