/**
 * What tenants' containers need beside what Longshore makes for each of them at run time (a cluster, a log group, repositories, security
 * groups, access points): the bucket of records, the file system, the namespace, the machines of builds, and the roles with their boundary.
 */
import { ArnFormat, Duration, RemovalPolicy, Stack, type StackProps } from 'aws-cdk-lib';
import { ManagedPolicy } from 'aws-cdk-lib/aws-iam';
import { BlockPublicAccess, Bucket, BucketEncryption } from 'aws-cdk-lib/aws-s3';
import { PrivateDnsNamespace } from 'aws-cdk-lib/aws-servicediscovery';
import { S3_SERVER_ACCESS_LOGS_USE_BUCKET_POLICY } from 'aws-cdk-lib/cx-api';
import type { Construct } from 'constructs';
import { BuildMachines } from '../constructs/build-machines.ts';
import { Registry } from '../constructs/registry.ts';
import { boundaryName, TenantRoles } from '../constructs/tenant-roles.ts';
import { Volumes } from '../constructs/volumes.ts';
import { arnsOf, bucketName, roleName, rolePath } from '../policies/arns.ts';
import { explain, statementOf } from '../policies/grant.ts';
import type { ProviderPlaces } from '../policies/place-grants.ts';
import { boundaryGrants } from '../policies/tenant-grants.ts';
import { prefixOf, type Settings } from '../settings.ts';
import type { Places } from './network.ts';

export class TenantsStack extends Stack {
  /** What the functions' roles are made of. */
  readonly provider: ProviderPlaces;
  /** The settings of src/config.ts that say where tenants' containers run. */
  readonly variables: Record<string, string>;

  constructor(scope: Construct, id: string, settings: Settings, places: Places, props: StackProps) {
    super(scope, id, props);
    // Whatever app it is in: buckets have no access control lists any more.
    this.node.setContext(S3_SERVER_ACCESS_LOGS_USE_BUCKET_POLICY, true);
    const prefix = prefixOf(settings);
    const { tenants } = settings;
    const bucket = this.#bucket(settings);
    const volumes = tenants.volumes ? new Volumes(this, 'Volumes', { settings, places }) : null;
    const namespace = tenants.names
      ? new PrivateDnsNamespace(this, 'Names', { name: `${settings.stage}.longshore.internal`, vpc: places.vpc })
      : null;
    new Registry(this, 'Registry', { prefix, keepData: settings.keepData });
    const own = { prefix, fileSystemArn: volumes?.fileSystem.fileSystemArn ?? null, hasSecrets: tenants.secrets };
    const boundary = this.#boundary(own);
    const pushers = tenants.pushes ? callers(prefix, settings) : null;
    const rolesOf = (name: string, tenantId: string | null): TenantRoles => {
      const made = new TenantRoles(this, name, { ...own, tenantId, hasBuilds: tenants.builds, pushers });
      made.node.addDependency(boundary);
      return made;
    };
    const roles = rolesOf('Roles', null);
    for (const tenantId of tenants.ids) rolesOf(`Roles-${tenantId}`, tenantId);
    if (roles.build)
      new BuildMachines(this, 'Builds', { prefix, role: roles.build, tenants, logDays: settings.logDays });

    this.provider = {
      prefix,
      arns: arnsOf(this, prefix),
      vpcArn: places.vpc.vpcArn,
      fileSystemArn: own.fileSystemArn,
      namespaceArn: namespace?.namespaceArn ?? null,
      hostedZoneArn: namespace && `arn:${this.partition}:route53:::hostedzone/${namespace.namespaceHostedZoneId}`,
      hasBuilds: tenants.builds,
      hasPushes: tenants.pushes,
      roles: tenants.roles,
    };
    const { subnetIds } = places.vpc.selectSubnets(places.tenants);
    const roleArn = (kind: 'exec' | 'task' | 'push' | 'build') =>
      this.formatArn({
        service: 'iam',
        region: '',
        resource: 'role',
        resourceName: `${rolePath(prefix).slice(1)}${roleName(prefix, kind, tenants.roles === 'each' ? '{tenant}' : null)}`,
        arnFormat: ArnFormat.SLASH_RESOURCE_NAME,
      });
    const optional = {
      LONGSHORE_AWS_EFS: volumes?.fileSystem.fileSystemId,
      LONGSHORE_AWS_NAMESPACE: namespace?.namespaceId,
      LONGSHORE_AWS_BUILD_PROJECT: tenants.builds ? `${prefix}-builds` : undefined,
      LONGSHORE_AWS_BUILD_ROLE: tenants.builds && tenants.roles === 'each' ? roleArn('build') : undefined,
      LONGSHORE_AWS_PUSH_ROLE: tenants.pushes ? roleArn('push') : undefined,
      LONGSHORE_AWS_SECRETS: tenants.secrets ? `${prefix}/{tenant}/` : undefined,
      LONGSHORE_AWS_FORWARDER: tenants.forwarder ?? undefined,
    };
    this.variables = {
      LONGSHORE_AWS_PREFIX: prefix,
      LONGSHORE_AWS_VPC: places.vpc.vpcId,
      LONGSHORE_AWS_SUBNETS: subnetIds.join(','),
      LONGSHORE_AWS_PUBLIC_ADDRESSES: tenants.publicAddresses ? '1' : '0',
      LONGSHORE_AWS_INGRESS: tenants.ingress.join(','),
      LONGSHORE_AWS_EXECUTION_ROLE: roleArn('exec'),
      LONGSHORE_AWS_TASK_ROLE: roleArn('task'),
      LONGSHORE_AWS_BUCKET: bucket.bucketName,
      LONGSHORE_AWS_LOG_RETENTION_DAYS: String(tenants.logDays),
      LONGSHORE_AWS_SPOT: tenants.spot ? '1' : '0',
      LONGSHORE_AWS_ARCHITECTURE: tenants.architecture,
      ...Object.fromEntries(
        Object.entries(optional).filter((entry): entry is [string, string] => entry[1] !== undefined),
      ),
    };
  }

  #bucket({ stage, keepData, logDays, tenants }: Settings): Bucket {
    const prefix = prefixOf({ stage });
    const removal = keepData
      ? { removalPolicy: RemovalPolicy.RETAIN }
      : { removalPolicy: RemovalPolicy.DESTROY, autoDeleteObjects: false };
    const common = {
      encryption: BucketEncryption.S3_MANAGED,
      blockPublicAccess: BlockPublicAccess.BLOCK_ALL,
      enforceSSL: true,
      minimumTLSVersion: 1.2,
      ...removal,
    };
    const accessLog = new Bucket(this, 'AccessLog', {
      ...common,
      lifecycleRules: [{ expiration: Duration.days(logDays) }],
    });
    return new Bucket(this, 'Records', {
      ...common,
      bucketName: bucketName(this, prefix),
      serverAccessLogsBucket: accessLog,
      lifecycleRules: [
        // What a build that was killed left behind; the others clean up after themselves.
        { id: 'Builds', prefix: `${prefix}/builds/`, expiration: Duration.days(1) },
        // Likewise of files on their way into containers and out of them.
        { id: 'Transfers', prefix: `${prefix}/transfers/`, expiration: Duration.days(1) },
        { id: 'History', prefix: `${prefix}/history/`, expiration: Duration.days(tenants.logDays + 1) },
        { id: 'Uploads', abortIncompleteMultipartUploadAfter: Duration.days(1) },
      ],
    });
  }

  #boundary(own: { prefix: string; fileSystemArn: string | null; hasSecrets: boolean }): ManagedPolicy {
    const grants = boundaryGrants({ ...own, arns: arnsOf(this, own.prefix) });
    const boundary = new ManagedPolicy(this, 'Boundary', {
      managedPolicyName: boundaryName(own.prefix),
      description: 'The most that a role of a tenant of Longshore may ever do',
      statements: grants.map(statementOf),
    });
    explain(boundary, grants);
    return boundary;
  }
}

/** Roles of the control plane that ask for passwords of tenants. */
const callers = (prefix: string, { service }: Pick<Settings, 'service'>): string[] => [
  `${prefix}-api`,
  ...(service === null ? [] : [`${prefix}-service`]),
];
