/** CreateCluster and its relatives. */
import type {
  Cluster,
  CreateClusterRequest,
  CreateClusterResponse,
  DeleteClusterRequest,
  DeleteClusterResponse,
  DescribeClustersRequest,
  DescribeClustersResponse,
  ListClustersRequest,
  ListClustersResponse,
  PutClusterCapacityProvidersRequest,
  PutClusterCapacityProvidersResponse,
} from '@aws-sdk/client-ecs';
import { AwsError } from '../aws-error.ts';
import { page } from '../pages.ts';
import type { Call } from '../service.ts';
import { checkTags } from '../tags.ts';
import { invalidParameter } from './ecs-store.ts';

export function createCluster(input: CreateClusterRequest, { site }: Call): CreateClusterResponse {
  const { clusterName = 'default', tags = [], capacityProviders = [], defaultCapacityProviderStrategy = [] } = input;
  if (!/^[A-Za-z0-9_-]{1,255}$/.test(clusterName)) throw invalidParameter('Cluster name contains invalid characters.');
  checkTags(tags, 'InvalidParameterException');
  checkProviders(capacityProviders);
  const known = site.ecs.clusters.get(clusterName);
  if (known?.status === 'ACTIVE') return { cluster: known };
  const cluster = {
    clusterName,
    clusterArn: site.arn('ecs', `cluster/${clusterName}`),
    status: 'ACTIVE',
    tags,
    capacityProviders,
    defaultCapacityProviderStrategy,
    settings: input.settings ?? [{ name: 'containerInsights' as const, value: 'disabled' }],
    ...(input.configuration && { configuration: input.configuration }),
    statistics: [],
  };
  site.ecs.clusters.set(clusterName, cluster);
  return { cluster };
}

export function putClusterCapacityProviders(
  input: PutClusterCapacityProvidersRequest,
  { site }: Call,
): PutClusterCapacityProvidersResponse {
  checkProviders(input.capacityProviders ?? []);
  const cluster = site.ecs.cluster(input.cluster);
  cluster.capacityProviders = input.capacityProviders ?? [];
  cluster.defaultCapacityProviderStrategy = input.defaultCapacityProviderStrategy ?? [];
  return { cluster };
}

function checkProviders(names: string[]): void {
  const unknown = names.find((name) => name !== 'FARGATE' && name !== 'FARGATE_SPOT');
  if (unknown) throw invalidParameter(`The specified capacity provider '${unknown}' was not found.`);
}

export function describeClusters(input: DescribeClustersRequest, { site }: Call): DescribeClustersResponse {
  const { clusters: wanted = ['default'], include = [] } = input;
  if (wanted.length > 100) throw invalidParameter('clusters can have at most 100 items.');
  const found: Cluster[] = [];
  const failures: DescribeClustersResponse['failures'] = [];
  for (const reference of wanted) {
    const cluster = site.ecs.clusters.get(reference.split('/').at(-1) ?? '');
    const arn = reference.startsWith('arn:') ? reference : site.arn('ecs', `cluster/${reference}`);
    if (!cluster || cluster.clusterArn !== arn) {
      failures.push({ arn, reason: 'MISSING' });
      continue;
    }
    const tasks = site.ecs.tasksOf(cluster.clusterArn).map(({ task }) => task.lastStatus);
    const { tags, settings, configuration, ...plain } = cluster;
    found.push({
      ...plain,
      ...(include.includes('TAGS') && { tags }),
      ...(include.includes('SETTINGS') && { settings }),
      ...(include.includes('CONFIGURATIONS') && configuration && { configuration }),
      registeredContainerInstancesCount: 0,
      activeServicesCount: 0,
      runningTasksCount: tasks.filter((status) => status === 'RUNNING').length,
      pendingTasksCount: tasks.filter((status) => /^(PROVISIONING|PENDING|ACTIVATING)$/.test(status ?? '')).length,
    });
  }
  return { clusters: found, failures };
}

export function listClusters({ nextToken, maxResults }: ListClustersRequest, { site }: Call): ListClustersResponse {
  const active = [...site.ecs.clusters.values()].filter(({ status }) => status === 'ACTIVE');
  const arns = active.map(({ clusterArn }) => clusterArn);
  const { items, next } = page(arns, nextToken, maxResults ?? 100, 'InvalidParameterException');
  return { clusterArns: items, ...(next && { nextToken: next }) };
}

/** A cluster with tasks cannot be deleted; a deleted one stays for a while as INACTIVE. */
export function deleteCluster(input: DeleteClusterRequest, { site }: Call): DeleteClusterResponse {
  const cluster = site.ecs.cluster(input.cluster);
  if (site.ecs.tasksOf(cluster.clusterArn).some(({ task }) => task.lastStatus !== 'STOPPED')) {
    throw new AwsError('ClusterContainsTasksException', 'The Cluster cannot be deleted while Tasks are active.');
  }
  cluster.status = 'INACTIVE';
  return { cluster };
}
