/** Amazon ECS, as far as standalone tasks of Fargate go. */
import type { Service } from '../service.ts';
import type { Site } from '../site.ts';
import {
  createCluster,
  deleteCluster,
  describeClusters,
  listClusters,
  putClusterCapacityProviders,
} from './clusters.ts';
import { executeCommand } from './execute-command.ts';
import { runTask } from './run-task.ts';
import {
  deleteTaskDefinitions,
  deregisterTaskDefinition,
  describeTaskDefinition,
  listTaskDefinitions,
  registerTaskDefinition,
} from './task-definitions.ts';
import { listTagsForResource, tagResource, untagResource } from './task-tags.ts';
import { describeTasks, listTasks, stopTask } from './tasks.ts';

export const ecs: Service = {
  iamName: 'ecs',
  signingName: 'ecs',
  modelName: 'ecs',
  sdkPackage: '@aws-sdk/client-ecs',
  invalidCode: ({ kind }) => (kind === 'required' ? 'ClientException' : 'InvalidParameterException'),
  resource: resourceOf,
  handlers: {
    CreateCluster: createCluster,
    PutClusterCapacityProviders: putClusterCapacityProviders,
    DescribeClusters: describeClusters,
    ListClusters: listClusters,
    DeleteCluster: deleteCluster,
    RegisterTaskDefinition: registerTaskDefinition,
    DescribeTaskDefinition: describeTaskDefinition,
    DeregisterTaskDefinition: deregisterTaskDefinition,
    DeleteTaskDefinitions: deleteTaskDefinitions,
    ListTaskDefinitions: listTaskDefinitions,
    RunTask: runTask,
    StopTask: stopTask,
    DescribeTasks: describeTasks,
    ListTasks: listTasks,
    ExecuteCommand: executeCommand,
    TagResource: tagResource,
    UntagResource: untagResource,
    ListTagsForResource: listTagsForResource,
  },
};

/** As the service authorization reference lists it: the definition for RunTask, the task for what is done to one. */
function resourceOf(operation: string, input: Record<string, unknown>, site: Site): string {
  const cluster = String(input.cluster ?? input.clusterName ?? 'default')
    .split('/')
    .at(-1);
  switch (operation) {
    case 'RunTask': {
      const reference = String(input.taskDefinition);
      return site.ecs.definition(reference)?.definition.taskDefinitionArn ?? reference;
    }
    case 'StopTask':
    case 'ExecuteCommand':
      return site.arn('ecs', `task/${cluster}/${String(input.task).split('/').at(-1)}`);
    case 'CreateCluster':
    case 'DeleteCluster':
      return site.arn('ecs', `cluster/${cluster}`);
    case 'TagResource':
      return String(input.resourceArn);
    default:
      return '*';
  }
}
