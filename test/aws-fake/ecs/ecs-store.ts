/** Clusters, task definitions and tasks of an account in a region. */
import type { Cluster, Tag, Task, TaskDefinition } from '@aws-sdk/client-ecs';
import { AwsError } from '../aws-error.ts';
import type { RuntimeContainer } from '../runtime/runtime.ts';

export interface TaskRecord {
  /** What DescribeTasks shows, less the tags. */
  task: Task & { taskArn: string; containers: NonNullable<Task['containers']> };
  id: string;
  clusterArn: string;
  family: string;
  definition: TaskDefinition;
  tags: Tag[];
  createdAtMs: number;
  stoppedAtMs: number | undefined;
  /** Those that were started, by name. */
  containers: Map<string, RuntimeContainer>;
  /** Ends the task; the first cause stays. */
  stop(code: Task['stopCode'], reason: string): void;
}

export interface RegisteredDefinition {
  definition: TaskDefinition & { taskDefinitionArn: string; family: string; revision: number };
  tags: Tag[];
}

export class EcsStore {
  readonly clusters = new Map<string, Cluster & { clusterArn: string; clusterName: string }>();
  readonly families = new Map<string, RegisteredDefinition[]>();
  readonly tasks = new Map<string, TaskRecord>();
  /** Last revision ever given in a family. */
  readonly revisions = new Map<string, number>();
  /** What RunTask answered to a client token. */
  readonly clientTokens = new Map<string, { parameters: string; taskArns: string[]; atMs: number }>();

  /** By name or ARN; the default cluster for neither. */
  cluster(reference = 'default') {
    const found = this.clusters.get(reference.split('/').at(-1) ?? '');
    if (!found || (reference.startsWith('arn:') && found.clusterArn !== reference)) throw clusterNotFound();
    if (found.status !== 'ACTIVE') throw clusterNotFound();
    return found;
  }

  /** By ARN, `family:revision`, or `family` for its latest active revision. */
  definition(reference: string): RegisteredDefinition | undefined {
    const [family = '', revision] = (reference.split('task-definition/').at(-1) ?? '').split(':');
    const revisions = this.families.get(family) ?? [];
    if (revision === undefined) return revisions.findLast(({ definition }) => definition.status === 'ACTIVE');
    return revisions.find(({ definition }) => definition.revision === Number(revision));
  }

  /** Of that cluster, by id or ARN. */
  task(clusterArn: string, reference: string): TaskRecord | undefined {
    const found = this.tasks.get(reference.split('/').at(-1) ?? '');
    return found?.clusterArn === clusterArn ? found : undefined;
  }

  tasksOf(clusterArn: string): TaskRecord[] {
    return [...this.tasks.values()].filter((record) => record.clusterArn === clusterArn);
  }
}

function clusterNotFound(): AwsError {
  return new AwsError('ClusterNotFoundException', 'Cluster not found.');
}

export function invalidParameter(message: string): AwsError {
  return new AwsError('InvalidParameterException', message);
}

export function clientError(message: string): AwsError {
  return new AwsError('ClientException', message);
}
