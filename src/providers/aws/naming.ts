/** How things are called at AWS. Pure: a name follows from what it is for, so that it is found again after any crash. */
import { sha256 } from '../../domain/clock.ts';

export interface Names {
  prefix: string;
  installId: string;
}

/** Tags that say whose something is. Values are ids, so that AWS's alphabet for tags holds them. */
export const tagNames = {
  install: 'longshore:install',
  tenant: 'longshore:tenant',
  key: 'longshore:key',
} as const;

export function tagsOf({ installId }: Names, { tenantId, key }: { tenantId: string; key?: string }) {
  return {
    [tagNames.install]: installId,
    [tagNames.tenant]: tenantId,
    ...(key !== undefined && { [tagNames.key]: key }),
  };
}

/** ECS spells the members of tags in lower case, the others in upper case. */
export const lowerTags = (tags: Record<string, string>) => Object.entries(tags).map(([key, value]) => ({ key, value }));
export const upperTags = (tags: Record<string, string>) => Object.entries(tags).map(([Key, Value]) => ({ Key, Value }));

/** 255 characters at most; one per tenant, which IAM conditions can name. */
export const clusterName = ({ prefix }: Names, tenantId: string): string => `${prefix}-${tenantId}`;
/** All task definitions of an installation are revisions of families of this name and a hash of what they say. */
export const familyName = ({ prefix }: Names, hash: string): string => `${prefix}-${hash.slice(0, 40)}`;
export const logGroupName = ({ prefix }: Names, tenantId: string): string => `/${prefix}/${tenantId}`;
/** Of the tenant's own images; path parts follow it. */
export const repositoryPrefix = ({ prefix }: Names, tenantId: string): string => `${prefix}/${tenantId}`;

/** The one essential container of a task. */
export const mainContainer = 'main';
/** The awslogs driver names a stream `prefix/container/task`. */
export const logStreamPrefix = 'run';
export const logStreamName = (taskId: string): string => `${logStreamPrefix}/${mainContainer}/${taskId}`;

/** Fits in the 128 characters of RunTask's startedBy, by which a task is found without its ARN. */
export const startedBy = (key: string, attempt: number): string => `${key}/${attempt}`;

/** Null for what we did not start. */
export function readStartedBy(text = ''): { key: string; attempt: number } | null {
  const [, key = '', attempt = ''] = /^(ls-[0-9a-f]{64}-\d+)\/(\d+)$/.exec(text) ?? [];
  return key === '' ? null : { key, attempt: Number(attempt) };
}

/** Whose task that is, by the cluster it is in and by who started it; null for what we did not start. */
export function readHome({ prefix }: Pick<Names, 'prefix'>, clusterArn: string, startedBy: string | undefined) {
  const cluster = clusterArn.split('/').at(-1) ?? '';
  const start = readStartedBy(startedBy);
  const [, containerId, incarnation] = /^ls-([0-9a-f]{64})-(\d{1,9})$/.exec(start?.key ?? '') ?? [];
  const tenantId = cluster.slice(prefix.length + 1);
  const isTenants = cluster.startsWith(`${prefix}-`) && /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/.test(tenantId);
  if (!start || start.attempt >= 1e9 || containerId === undefined || !isTenants) return null;
  return { tenantId, containerId, incarnation: Number(incarnation), attempt: start.attempt };
}

/** Of at most 64 characters. Every attempt at a start has a token of its own; repeating one repeats its answer. */
export const clientToken = ({ installId }: Names, key: string, attempt: number): string =>
  sha256(`${installId} ${key} ${attempt}`).slice(0, 52);

/** The last part of a task's ARN. */
export const taskIdOf = (taskArn: string): string => taskArn.split('/').at(-1) ?? taskArn;
