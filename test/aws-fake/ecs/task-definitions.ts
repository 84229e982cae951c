/** RegisterTaskDefinition and its relatives. */
import type {
  DeleteTaskDefinitionsRequest,
  DeleteTaskDefinitionsResponse,
  DeregisterTaskDefinitionRequest,
  DeregisterTaskDefinitionResponse,
  DescribeTaskDefinitionRequest,
  DescribeTaskDefinitionResponse,
  ListTaskDefinitionsRequest,
  ListTaskDefinitionsResponse,
  RegisterTaskDefinitionRequest,
  RegisterTaskDefinitionResponse,
  TaskDefinition,
} from '@aws-sdk/client-ecs';
import { page } from '../pages.ts';
import type { Call } from '../service.ts';
import { checkDefinition } from './definition-rules.ts';
import { clientError, invalidParameter } from './ecs-store.ts';

export function registerTaskDefinition(
  input: RegisterTaskDefinitionRequest,
  { site, identity }: Call,
): RegisterTaskDefinitionResponse {
  checkDefinition(input);
  const { tags = [], family = '', ...rest } = input;
  const revision = (site.ecs.revisions.get(family) ?? 0) + 1;
  site.ecs.revisions.set(family, revision);
  const definition = {
    ...rest,
    family,
    revision,
    taskDefinitionArn: site.arn('ecs', `task-definition/${family}:${revision}`),
    status: 'ACTIVE' as const,
    volumes: input.volumes ?? [],
    placementConstraints: [],
    compatibilities: ['EC2' as const, 'FARGATE' as const],
    containerDefinitions: (input.containerDefinitions ?? []).map((container) => ({
      ...container,
      cpu: container.cpu ?? 0,
      essential: container.essential ?? true,
      environment: container.environment ?? [],
      mountPoints: container.mountPoints ?? [],
      volumesFrom: container.volumesFrom ?? [],
      portMappings: (container.portMappings ?? []).map((mapping) => ({
        ...mapping,
        hostPort: mapping.hostPort ?? mapping.containerPort,
        protocol: mapping.protocol ?? ('tcp' as const),
      })),
    })),
    registeredAt: site.now(),
    registeredBy: identity.arn,
  };
  site.ecs.families.set(family, [...(site.ecs.families.get(family) ?? []), { definition, tags }]);
  return { taskDefinition: definition, tags };
}

export function describeTaskDefinition(
  { taskDefinition = '', include = [] }: DescribeTaskDefinitionRequest,
  { site }: Call,
): DescribeTaskDefinitionResponse {
  const found = site.ecs.definition(taskDefinition);
  if (!found) throw clientError('Unable to describe task definition.');
  return { taskDefinition: found.definition, ...(include.includes('TAGS') && { tags: found.tags }) };
}

export function deregisterTaskDefinition(
  { taskDefinition = '' }: DeregisterTaskDefinitionRequest,
  { site }: Call,
): DeregisterTaskDefinitionResponse {
  if (!/:\d+$/.test(taskDefinition)) throw clientError(`Revision is missing: ${taskDefinition}`);
  const found = site.ecs.definition(taskDefinition);
  if (!found) throw clientError('The specified task definition does not exist.');
  const changed: TaskDefinition = Object.assign(found.definition, {
    status: 'INACTIVE' as const,
    deregisteredAt: site.now(),
  });
  return { taskDefinition: changed };
}

/** Deregistered ones only; those that tasks still run stay DELETE_IN_PROGRESS. */
export function deleteTaskDefinitions(
  { taskDefinitions = [] }: DeleteTaskDefinitionsRequest,
  { site }: Call,
): DeleteTaskDefinitionsResponse {
  if (taskDefinitions.length < 1 || taskDefinitions.length > 10) {
    throw invalidParameter('taskDefinitions must have between 1 and 10 items.');
  }
  const deleted: TaskDefinition[] = [];
  const failures: DeleteTaskDefinitionsResponse['failures'] = [];
  for (const reference of taskDefinitions) {
    const found = site.ecs.definition(reference);
    const { definition } = found ?? {};
    if (!found || !definition) failures.push({ arn: reference, reason: 'MISSING' });
    else if (definition.status === 'ACTIVE') {
      const reason =
        'The specified task definition is still in ACTIVE status. Please deregister the target and try again.';
      failures.push({ arn: definition.taskDefinitionArn, reason });
    } else {
      definition.status = 'DELETE_IN_PROGRESS';
      deleted.push(definition);
      const used = [...site.ecs.tasks.values()].some(
        ({ task }) => task.taskDefinitionArn === definition.taskDefinitionArn && task.lastStatus !== 'STOPPED',
      );
      const others = site.ecs.families.get(definition.family) ?? [];
      if (!used)
        site.ecs.families.set(
          definition.family,
          others.filter((other) => other !== found),
        );
    }
  }
  return { taskDefinitions: deleted, failures };
}

export function listTaskDefinitions(
  { familyPrefix, status = 'ACTIVE', sort = 'ASC', nextToken, maxResults = 100 }: ListTaskDefinitionsRequest,
  { site }: Call,
): ListTaskDefinitionsResponse {
  const all = [...site.ecs.families]
    .filter(([family]) => familyPrefix === undefined || family === familyPrefix)
    .flatMap(([, revisions]) => revisions)
    .filter(({ definition }) => definition.status === status)
    .map(({ definition }) => definition.taskDefinitionArn);
  if (sort === 'DESC') all.reverse();
  const { items, next } = page(all, nextToken, maxResults, 'InvalidParameterException');
  return { taskDefinitionArns: items, ...(next && { nextToken: next }) };
}
