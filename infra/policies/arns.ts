/** ARNs of what Longshore makes at run time, which are known by their names before any of it is there. Pure. */
import { Stack } from 'aws-cdk-lib';
import type { IConstruct } from 'constructs';

export type Arns = ReturnType<typeof arnsOf>;

/** @param tenant an id, or `*` for all of them */
export function arnsOf(scope: IConstruct, prefix: string, tenant = '*') {
  const stack = Stack.of(scope);
  const { partition, region, account } = stack;
  const arn = (service: string, resource: string) => `arn:${partition}:${service}:${region}:${account}:${resource}`;
  const cluster = `${prefix}-${tenant}`;
  return {
    clusters: arn('ecs', `cluster/${cluster}`),
    tasks: arn('ecs', `task/${cluster}/*`),
    taskDefinitions: arn('ecs', `task-definition/${prefix}-*:*`),
    /** RegisterTaskDefinition names the family without a revision. */
    families: arn('ecs', `task-definition/${prefix}-*`),
    logGroups: arn('logs', `log-group:/${prefix}/${tenant}`),
    logStreams: arn('logs', `log-group:/${prefix}/${tenant}:log-stream:*`),
    repositories: arn('ecr', `repository/${prefix}/${tenant}/*`),
    secrets: arn('secretsmanager', `secret:${prefix}/${tenant}/*`),
    securityGroups: arn('ec2', 'security-group/*'),
    accessPoints: arn('elasticfilesystem', 'access-point/*'),
    nameServices: arn('servicediscovery', 'service/*'),
    /** Sessions of ECS Exec, and no others of Session Manager's. */
    sessions: arn('ssm', 'session/ecs-execute-command-*'),
    bucket: `arn:${partition}:s3:::${bucketName(scope, prefix)}`,
    project: arn('codebuild', `project/${prefix}-builds`),
    sweepRule: arn('events', `rule/${sweepRuleName(prefix)}`),
    tenantRole: (kind: TenantRoleKind) =>
      `arn:${partition}:iam::${account}:role${rolePath(prefix)}${roleName(prefix, kind, tenant)}`,
    /** Of all tenants together. */
    sharedRole: (kind: TenantRoleKind) =>
      `arn:${partition}:iam::${account}:role${rolePath(prefix)}${roleName(prefix, kind, null)}`,
    ecsLinkedRole: `arn:${partition}:iam::${account}:role/aws-service-role/ecs.amazonaws.com/AWSServiceRoleForECS`,
  };
}

export type TenantRoleKind = 'exec' | 'task' | 'push' | 'build';

/** All roles that tenants' containers and builds may ever get are below it. */
export const rolePath = (prefix: string): string => `/${prefix}/tenants/`;
/** IAM takes 64 characters, of which a tenant's id has 36. @param tenant null: the one role for all */
export const roleName = (prefix: string, kind: TenantRoleKind, tenant: string | null): string =>
  tenant === null ? `${prefix}-${kind}` : `${prefix}-${kind}-${tenant}`;
export const bucketName = (scope: IConstruct, prefix: string): string => {
  const { account, region } = Stack.of(scope);
  return `${prefix}-${account}-${region}`;
};
export const sweepRuleName = (prefix: string): string => `${prefix}-sweep`;
