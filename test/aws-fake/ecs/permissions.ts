/** What IAM is asked about calls of ECS: the resource, the condition keys, and what a call needs besides its own action. */
import type { RegisterTaskDefinitionRequest, RunTaskRequest, Tag } from '@aws-sdk/client-ecs';
import type { Access } from '../policies.ts';
import type { Site } from '../site.ts';

type Input = Record<string, unknown>;

/** As the service authorization reference lists it: the definition for RunTask, the task for what is done to one. */
export function resourceOf(operation: string, input: Input, site: Site): string {
  const cluster = clusterName(input);
  switch (operation) {
    case 'RunTask': {
      const reference = String(input.taskDefinition);
      return site.ecs.definition(reference)?.definition.taskDefinitionArn ?? reference;
    }
    case 'RegisterTaskDefinition':
      return site.arn('ecs', `task-definition/${input.family}`);
    case 'DescribeTasks':
      return site.arn('ecs', `task/${cluster}/${String([input.tasks].flat()[0]).split('/').at(-1)}`);
    case 'DescribeClusters':
      return site.arn('ecs', `cluster/${String([input.clusters].flat()[0]).split('/').at(-1)}`);
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

const ofTasks = ['RunTask', 'StopTask', 'DescribeTasks', 'ListTasks', 'ExecuteCommand'];

/** Condition keys of a call. */
export function contextOf(operation: string, input: Input, site: Site): Record<string, string> {
  const requested = (input.tags ?? []) as Tag[];
  const resource = resourceOf(operation, input, site);
  return {
    ...(ofTasks.includes(operation) && { 'ecs:cluster': site.arn('ecs', `cluster/${clusterName(input)}`) }),
    ...(operation === 'ExecuteCommand' && { 'ecs:container-name': String(input.container) }),
    ...(operation === 'RunTask' && { 'ecs:enable-execute-command': String(input.enableExecuteCommand ?? false) }),
    ...Object.fromEntries(requested.map(({ key, value = '' }) => [`aws:RequestTag/${key}`, value])),
    ...Object.fromEntries(tagsOf(resource, site).map(({ key, value = '' }) => [`aws:ResourceTag/${key}`, value])),
  };
}

/** A role that a task gets must be one that the caller may pass, and tags of something new need a permission too. */
export function demandsOf(operation: string, input: Input, site: Site): Access[] {
  const roles =
    operation === 'RunTask' ? rolesOfRun(input, site) : operation === 'RegisterTaskDefinition' ? rolesOf(input) : [];
  const passed = [...new Set(roles)].map((resource) => ({
    action: 'iam:PassRole',
    resource,
    context: { 'iam:PassedToService': 'ecs-tasks.amazonaws.com' },
  }));
  const creates = ['RunTask', 'RegisterTaskDefinition', 'CreateCluster'].includes(operation);
  if (!creates || !Array.isArray(input.tags) || input.tags.length === 0) return passed;
  const kind = { RunTask: 'task', RegisterTaskDefinition: 'task-definition', CreateCluster: 'cluster' }[operation];
  const name = operation === 'RunTask' ? `${clusterName(input)}/*` : String(input.family ?? clusterName(input));
  const context = { ...contextOf(operation, input, site), 'ecs:CreateAction': operation };
  return [...passed, { action: 'ecs:TagResource', resource: site.arn('ecs', `${kind}/${name}`), context }];
}

function rolesOfRun(input: Input, site: Site): string[] {
  const { overrides, taskDefinition = '' } = input as Partial<RunTaskRequest>;
  const definition = site.ecs.definition(taskDefinition)?.definition;
  return [
    overrides?.taskRoleArn ?? definition?.taskRoleArn,
    overrides?.executionRoleArn ?? definition?.executionRoleArn,
  ].filter((arn) => arn !== undefined);
}

function rolesOf(input: Input): string[] {
  const { taskRoleArn, executionRoleArn } = input as Partial<RegisterTaskDefinitionRequest>;
  return [taskRoleArn, executionRoleArn].filter((arn) => arn !== undefined);
}

function tagsOf(arn: string, { ecs }: Site): Tag[] {
  const name = arn.split('/').at(-1) ?? '';
  if (arn.includes(':task/')) return ecs.tasks.get(name)?.tags ?? [];
  if (arn.includes(':cluster/')) return ecs.clusters.get(name)?.tags ?? [];
  return arn.includes(':task-definition/') ? (ecs.definition(arn)?.tags ?? []) : [];
}

function clusterName(input: Input): string {
  return (
    String(input.cluster ?? input.clusterName ?? 'default')
      .split('/')
      .at(-1) ?? ''
  );
}
