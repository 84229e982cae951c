/** What a tenant's containers need before the first of them: a cluster, which IAM conditions can name, and a log group. */
import { CreateLogGroupCommand, PutRetentionPolicyCommand } from '@aws-sdk/client-cloudwatch-logs';
import {
  CreateClusterCommand,
  DescribeClustersCommand,
  ListClustersCommand,
  type ListClustersCommandOutput,
} from '@aws-sdk/client-ecs';
import type { CallOptions } from '../provider.ts';
import { isAwsError } from './errors.ts';
import { clusterName, logGroupName, lowerTags, tagNames, tagsOf } from './naming.ts';
import { ask, type Site } from './site.ts';

/** By tenants whose places this process has seen, or is about to: of many who need them at once one asks, since few clusters may be made per second. */
const ready = new WeakMap<Site, Map<string, Promise<unknown>>>();
const readyOf = (site: Site): Map<string, Promise<unknown>> => {
  const known = ready.get(site) ?? new Map<string, Promise<unknown>>();
  ready.set(site, known);
  return known;
};

/** Of the tenants whose places this process has made or seen. */
export const knownClusters = (site: Site): string[] =>
  [...readyOf(site).keys()].map((tenantId) => clusterName(site, tenantId));

/** Repeatable. */
export async function ensurePlaces(site: Site, tenantId: string, options: CallOptions): Promise<void> {
  const places = readyOf(site);
  const made = places.get(tenantId) ?? makePlaces(site, tenantId, options);
  places.set(tenantId, made);
  await made;
}

function makePlaces(site: Site, tenantId: string, options: CallOptions): Promise<unknown> {
  const made = Promise.all([ensureCluster(site, tenantId, options), ensureLogGroup(site, tenantId, options)]);
  made.catch(() => readyOf(site).delete(tenantId));
  return made;
}

/** Somebody has taken them away: the next ensure makes them again. */
export function forgetPlaces(site: Site, tenantId: string): void {
  readyOf(site).delete(tenantId);
}

async function ensureCluster(site: Site, tenantId: string, options: CallOptions): Promise<void> {
  const command = new CreateClusterCommand({
    clusterName: clusterName(site, tenantId),
    capacityProviders: ['FARGATE', 'FARGATE_SPOT'],
    tags: lowerTags(tagsOf(site, { tenantId })),
  });
  const send = (http: { abortSignal: AbortSignal }) => site.clients.ecs.send(command, http);
  await ask(site, { action: 'ecs:CreateCluster', subject: { noun: 'cluster' }, tenantId, send }, options);
}

/** Repeatable. */
export async function ensureLogGroup(site: Site, tenantId: string, options: CallOptions): Promise<void> {
  const logGroup = logGroupName(site, tenantId);
  const subject = { noun: 'log' };
  const create = new CreateLogGroupCommand({ logGroupName: logGroup, tags: tagsOf(site, { tenantId }) });
  try {
    const send = (http: { abortSignal: AbortSignal }) => site.clients.logs.send(create, http);
    await ask(site, { action: 'logs:CreateLogGroup', subject, tenantId, send }, options);
  } catch (error) {
    if (!isAwsError(error, /ResourceAlreadyExists/)) throw error;
  }
  const retain = new PutRetentionPolicyCommand({
    logGroupName: logGroup,
    retentionInDays: site.settings.logRetentionDays,
  });
  const send = (http: { abortSignal: AbortSignal }) => site.clients.logs.send(retain, http);
  await ask(site, { action: 'logs:PutRetentionPolicy', subject, tenantId, send }, options);
}

const mostDescribed = 100;

/** Clusters of this installation, by their tag: another one in the account may use the same prefix. */
export async function listClusters(site: Site, options: CallOptions): Promise<{ cluster: string; tenantId: string }[]> {
  const subject = { noun: 'cluster' };
  const names: string[] = [];
  let nextToken: string | undefined;
  do {
    const command = new ListClustersCommand({ nextToken });
    const send = (http: { abortSignal: AbortSignal }) => site.clients.ecs.send(command, http);
    const page: ListClustersCommandOutput = await ask(site, { action: 'ecs:ListClusters', subject, send }, options);
    names.push(...(page.clusterArns ?? []).map((arn) => arn.split('/').at(-1) ?? ''));
    nextToken = page.nextToken;
  } while (nextToken !== undefined);

  const own = names.filter((name) => name.startsWith(`${site.prefix}-`));
  const found: { cluster: string; tenantId: string }[] = [];
  for (let at = 0; at < own.length; at += mostDescribed) {
    const command = new DescribeClustersCommand({ clusters: own.slice(at, at + mostDescribed), include: ['TAGS'] });
    const send = (http: { abortSignal: AbortSignal }) => site.clients.ecs.send(command, http);
    const { clusters = [] } = await ask(site, { action: 'ecs:DescribeClusters', subject, send }, options);
    for (const { clusterName: cluster = '', status, tags = [] } of clusters) {
      const tag = (wanted: string) => tags.find(({ key }) => key === wanted)?.value;
      if (status !== 'ACTIVE' || tag(tagNames.install) !== site.installId) continue;
      found.push({ cluster, tenantId: tag(tagNames.tenant) ?? '' });
    }
  }
  return found;
}
