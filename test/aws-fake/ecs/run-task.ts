/** RunTask: idempotent by its client token, and successful only as far as `failures` says. */
import { randomUUID } from 'node:crypto';
import type { Failure, RunTaskRequest, RunTaskResponse, Task } from '@aws-sdk/client-ecs';
import { AwsError } from '../aws-error.ts';
import { hexId } from '../random-ids.ts';
import type { Call } from '../service.ts';
import type { Site } from '../site.ts';
import { clientError, type RegisteredDefinition, type TaskRecord } from './ecs-store.ts';
import { checkRunTask, type Placement } from './run-task-rules.ts';
import { TaskLife } from './task-life.ts';

export function runTask(input: RunTaskRequest, { site }: Call): RunTaskResponse {
  const cluster = site.ecs.cluster(input.cluster);
  const registered = site.ecs.definition(input.taskDefinition ?? '');
  if (!registered) throw clientError('TaskDefinition not found.');
  if (registered.definition.status !== 'ACTIVE') throw clientError('TaskDefinition is inactive');
  const placement = checkRunTask(input, registered.definition, site);
  const before = replay(input, site);
  if (before) return { tasks: before, failures: [] };

  const records: TaskRecord[] = [];
  const failures: Failure[] = [];
  for (let number = 0; number < (input.count ?? 1); number++) {
    const lacking = site.world.habits.capacity({ subnets: placement.subnets, spot: placement.spot });
    if (lacking?.throw) throw new AwsError(lacking.throw, lacking.reason);
    if (lacking) failures.push({ reason: lacking.reason, ...(lacking.detail && { detail: lacking.detail }) });
    else records.push(createTask(site, input, cluster, registered, placement));
  }
  remember(input, site, records);
  // The answer shows the tasks as they are before anything happened to them.
  const tasks = records.map((record) => structuredClone({ ...record.task, tags: record.tags }));
  for (const record of records) {
    new TaskLife(site, record, placement).start().catch((error) => site.world.failures.push(error));
  }
  return { tasks, failures };
}

function createTask(
  site: Site,
  input: RunTaskRequest,
  cluster: { clusterArn: string; clusterName: string },
  { definition, tags: definitionTags }: RegisteredDefinition,
  placement: Placement,
): TaskRecord {
  const id = hexId(32);
  const taskArn = site.arn('ecs', `task/${cluster.clusterName}/${id}`);
  const agent = { name: 'ExecuteCommandAgent' as const, lastStatus: 'PENDING' };
  const containers = (definition.containerDefinitions ?? []).map((container) => ({
    containerArn: site.arn('ecs', `container/${cluster.clusterName}/${id}/${randomUUID()}`),
    taskArn,
    name: container.name,
    image: container.image,
    lastStatus: 'PENDING',
    networkInterfaces: [],
    healthStatus: 'UNKNOWN' as const,
    cpu: String(container.cpu ?? 0),
    ...(container.memory !== undefined && { memory: String(container.memory) }),
    ...(input.enableExecuteCommand && { managedAgents: [{ ...agent }] }),
  }));
  const arm = definition.runtimePlatform?.cpuArchitecture === 'ARM64';
  const task: TaskRecord['task'] = {
    taskArn,
    clusterArn: cluster.clusterArn,
    taskDefinitionArn: definition.taskDefinitionArn,
    lastStatus: 'PROVISIONING',
    desiredStatus: 'RUNNING',
    version: 1,
    cpu: input.overrides?.cpu ?? definition.cpu ?? '',
    memory: input.overrides?.memory ?? definition.memory ?? '',
    ephemeralStorage: input.overrides?.ephemeralStorage ?? definition.ephemeralStorage ?? { sizeInGiB: 20 },
    overrides: { containerOverrides: [], inferenceAcceleratorOverrides: [], ...input.overrides },
    containers,
    attachments: [{ id: randomUUID(), type: 'ElasticNetworkInterface', status: 'PRECREATED', details: [] }],
    attributes: [{ name: 'ecs.cpu-architecture', value: arm ? 'arm64' : 'x86_64' }],
    availabilityZone: site.ec2.subnets.get(placement.subnets[0] ?? '')?.AvailabilityZone ?? '',
    createdAt: site.now(),
    enableExecuteCommand: input.enableExecuteCommand ?? false,
    group: input.group ?? `family:${definition.family}`,
    healthStatus: 'UNKNOWN',
    platformVersion: '1.4.0',
    platformFamily: 'Linux',
    launchType: 'FARGATE',
    ...(placement.capacityProvider && { capacityProviderName: placement.capacityProvider }),
    ...(input.startedBy && { startedBy: input.startedBy }),
  };
  const record: TaskRecord = {
    task,
    id,
    clusterArn: cluster.clusterArn,
    family: definition.family,
    definition,
    tags: [
      ...(input.enableECSManagedTags ? [{ key: 'aws:ecs:clusterName', value: cluster.clusterName }] : []),
      ...(input.tags ?? []),
      ...(input.propagateTags === 'TASK_DEFINITION' ? definitionTags : []),
    ],
    createdAtMs: site.world.clock.now(),
    stoppedAtMs: undefined,
    containers: new Map(),
    stop: () => {},
  };
  site.ecs.tasks.set(id, record);
  return record;
}

/** What was answered to the same token; throws when it came with other parameters. */
function replay(input: RunTaskRequest, site: Site): Task[] | undefined {
  const token = input.clientToken;
  const known = token === undefined ? undefined : site.ecs.clientTokens.get(token);
  if (!known || known.atMs + site.world.habits.tokenLifeMs < site.world.clock.now()) return undefined;
  if (known.parameters !== JSON.stringify(input)) {
    const text = 'The client token was used with other parameters.';
    throw new AwsError('ConflictException', text, 400, { resourceIds: known.taskArns });
  }
  return known.taskArns.flatMap((arn) => {
    const record = site.ecs.tasks.get(arn.split('/').at(-1) ?? '');
    return record ? [structuredClone({ ...record.task, tags: record.tags })] : [];
  });
}

function remember(input: RunTaskRequest, site: Site, records: TaskRecord[]): void {
  if (input.clientToken === undefined || records.length === 0) return;
  site.ecs.clientTokens.set(input.clientToken, {
    parameters: JSON.stringify(input),
    taskArns: records.map(({ task }) => task.taskArn),
    atMs: site.world.clock.now(),
  });
}
