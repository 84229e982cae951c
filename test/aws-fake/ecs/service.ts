/** Amazon ECS, as far as standalone tasks of Fargate go. */
import type { Service } from '../service.ts';
import {
  createCluster,
  deleteCluster,
  describeClusters,
  listClusters,
  putClusterCapacityProviders,
} from './clusters.ts';
import { executeCommand } from './execute-command.ts';
import { contextOf, demandsOf, resourceOf } from './permissions.ts';
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
  context: contextOf,
  demands: demandsOf,
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
