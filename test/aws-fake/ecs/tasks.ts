/** StopTask, DescribeTasks and ListTasks, with their eventual consistency. */
import type {
  DescribeTasksRequest,
  DescribeTasksResponse,
  ListTasksRequest,
  ListTasksResponse,
  StopTaskRequest,
  StopTaskResponse,
  Task,
} from '@aws-sdk/client-ecs';
import { page } from '../pages.ts';
import type { Call } from '../service.ts';
import type { Site } from '../site.ts';
import { invalidParameter, type TaskRecord } from './ecs-store.ts';

const maxDescribed = 100;

/** The task's tags are deleted with it. */
export function stopTask(input: StopTaskRequest, { site }: Call): StopTaskResponse {
  forgetOld(site);
  const cluster = site.ecs.cluster(input.cluster);
  const record = site.ecs.task(cluster.clusterArn, input.task ?? '');
  if (!record) throw invalidParameter('The referenced task was not found.');
  record.tags = [];
  record.stop('UserInitiated', input.reason ?? 'Task stopped by user');
  return { task: structuredClone(record.task) };
}

export async function describeTasks(input: DescribeTasksRequest, { site }: Call): Promise<DescribeTasksResponse> {
  forgetOld(site);
  const { tasks: references = [], include = [] } = input;
  const cluster = site.ecs.cluster(input.cluster);
  if (references.length === 0) throw invalidParameter('Tasks cannot be empty.');
  if (references.length > maxDescribed) throw invalidParameter(`Tasks can have at most ${maxDescribed} items.`);
  const tasks: Task[] = [];
  const failures: DescribeTasksResponse['failures'] = [];
  for (const reference of references) {
    const record = site.ecs.task(cluster.clusterArn, reference);
    if (record && isVisible(site, record)) {
      await lookAtHealth(record);
      tasks.push({ ...structuredClone(record.task), ...(include.includes('TAGS') && { tags: record.tags }) });
      continue;
    }
    const arn = reference.startsWith('arn:') ? reference : site.arn('ecs', `task/${cluster.clusterName}/${reference}`);
    failures.push({ arn, reason: 'MISSING' });
  }
  return { tasks, failures };
}

export function listTasks(input: ListTasksRequest, { site }: Call): ListTasksResponse {
  forgetOld(site);
  const { family, startedBy, launchType, serviceName, containerInstance, desiredStatus = 'RUNNING' } = input;
  const cluster = site.ecs.cluster(input.cluster);
  if (startedBy !== undefined && (family ?? launchType ?? serviceName ?? containerInstance) !== undefined) {
    throw invalidParameter('startedBy must be the only filter.');
  }
  if (input.maxResults !== undefined && (input.maxResults < 1 || input.maxResults > 100)) {
    throw invalidParameter('maxResults must be between 1 and 100.');
  }
  const found = site.ecs.tasksOf(cluster.clusterArn).filter((record) => {
    const { task } = record;
    if (!isVisible(site, record) || task.desiredStatus !== desiredStatus) return false;
    if (serviceName !== undefined || containerInstance !== undefined) return false;
    return (
      (family ?? record.family) === record.family &&
      (startedBy ?? task.startedBy) === task.startedBy &&
      (launchType ?? task.launchType) === task.launchType
    );
  });
  const arns = found.map(({ task }) => task.taskArn);
  const { items, next } = page(arns, input.nextToken, input.maxResults ?? 100, 'InvalidParameterException');
  return { taskArns: items, ...(next && { nextToken: next }) };
}

function isVisible({ world }: Site, { createdAtMs }: TaskRecord): boolean {
  return world.clock.now() >= createdAtMs + world.habits.missingMs;
}

function forgetOld({ world, ecs }: Site): void {
  const limit = world.clock.now() - world.habits.rememberStoppedMs;
  for (const [id, { stoppedAtMs }] of ecs.tasks) {
    if (stoppedAtMs !== undefined && stoppedAtMs <= limit) ecs.tasks.delete(id);
  }
}

async function lookAtHealth({ task, definition, containers }: TaskRecord): Promise<void> {
  const checked = definition.containerDefinitions?.filter(({ healthCheck }) => healthCheck) ?? [];
  for (const { name = '' } of checked) {
    const shown = task.containers.find((container) => container.name === name);
    const running = containers.get(name);
    if (!shown || !running || shown.lastStatus !== 'RUNNING') continue;
    const health = await running.health();
    if (health !== shown.healthStatus) task.version = (task.version ?? 0) + 1;
    shown.healthStatus = health;
    task.healthStatus = health;
  }
}
