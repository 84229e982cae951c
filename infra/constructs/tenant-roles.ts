/**
 * The roles of tenants' tasks, builds and pushes, all below one path and one boundary: those that all share, or of one tenant.
 */
import { Stack } from 'aws-cdk-lib';
import {
  ArnPrincipal,
  type IManagedPolicy,
  ManagedPolicy,
  type PrincipalBase,
  Role,
  ServicePrincipal,
  SessionTagsPrincipal,
} from 'aws-cdk-lib/aws-iam';
import { Construct } from 'constructs';
import { type Arns, arnsOf, roleName, rolePath, type TenantRoleKind } from '../policies/arns.ts';
import { allow, type Grant } from '../policies/grant.ts';
import { buildGrants, execGrants, pushGrants, taskGrants } from '../policies/tenant-grants.ts';

export interface TenantRolesProps {
  /** `longshore-<stage>`. */
  prefix: string;
  /** Its id, as GET /v1/tenants/{name} tells it; null: for all. */
  tenantId: string | null;
  fileSystemArn: string | null;
  hasSecrets: boolean;
  hasBuilds: boolean;
  /** Who may ask for passwords to push with; null: nobody. */
  pushers: string[] | null;
}

const uuid = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/;

export const boundaryName = (prefix: string): string => `${prefix}-tenants`;

export class TenantRoles extends Construct {
  readonly build: Role | null;

  constructor(scope: Construct, id: string, props: TenantRolesProps) {
    super(scope, id);
    const { prefix, tenantId, hasBuilds, pushers } = props;
    if (tenantId !== null && !uuid.test(tenantId))
      throw new Error(`tenantId: must be the id of a tenant, not ${tenantId}`);
    const arns: Arns = arnsOf(this, prefix, tenantId ?? '*');
    const places = { ...props, arns };
    const boundary = ManagedPolicy.fromManagedPolicyName(this, 'Boundary', boundaryName(prefix));
    const make = (kind: TenantRoleKind, assumedBy: PrincipalBase, grants: Grant[]): Role => {
      const role = new Role(this, kind, {
        roleName: roleName(prefix, kind, tenantId),
        path: rolePath(prefix),
        permissionsBoundary: boundary as IManagedPolicy,
        assumedBy,
      });
      allow(role, grants);
      return role;
    };
    make('exec', this.#tasks(), execGrants(places));
    make('task', this.#tasks(), taskGrants(places));
    this.build = hasBuilds ? make('build', this.#builds(prefix), buildGrants(places)) : null;
    if (pushers !== null) make('push', this.#pushers(pushers), pushGrants(places));
  }

  /** Only for tasks of this account: no other customer's service can be talked into it. */
  #tasks(): PrincipalBase {
    const { account, partition, region } = Stack.of(this);
    return new ServicePrincipal('ecs-tasks.amazonaws.com', {
      conditions: {
        StringEquals: { 'aws:SourceAccount': account },
        ArnLike: { 'aws:SourceArn': `arn:${partition}:ecs:${region}:${account}:*` },
      },
    });
  }

  #builds(prefix: string): PrincipalBase {
    const { account } = Stack.of(this);
    return new ServicePrincipal('codebuild.amazonaws.com', {
      conditions: { StringEquals: { 'aws:SourceAccount': account, 'aws:SourceArn': arnsOf(this, prefix).project } },
    });
  }

  /** The account's root stands for those whom IAM allows; the condition names them, and does not break when one is made anew. */
  #pushers(names: string[]): PrincipalBase {
    const { account, partition } = Stack.of(this);
    const root = new ArnPrincipal(`arn:${partition}:iam::${account}:root`).withConditions({
      ArnEquals: { 'aws:PrincipalArn': names.map((name) => `arn:${partition}:iam::${account}:role/${name}`) },
    });
    return new SessionTagsPrincipal(root) as unknown as PrincipalBase;
  }
}
