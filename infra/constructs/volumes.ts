/** The file system of tenants' volumes: encrypted, backed up, reachable from tenants' subnets with TLS, an access point and IAM only. */
import { RemovalPolicy, Stack } from 'aws-cdk-lib';
import { type ISubnet, Peer, Port, SecurityGroup } from 'aws-cdk-lib/aws-ec2';
import { FileSystem, LifecyclePolicy, OutOfInfrequentAccessPolicy, ThroughputMode } from 'aws-cdk-lib/aws-efs';
import { AnyPrincipal, Effect, PolicyDocument, PolicyStatement } from 'aws-cdk-lib/aws-iam';
import { Construct } from 'constructs';
import { arnsOf, rolePath } from '../policies/arns.ts';
import { prefixOf, type Settings } from '../settings.ts';
import type { Places } from '../stacks/network.ts';

export class Volumes extends Construct {
  readonly fileSystem: FileSystem;

  constructor(
    scope: Construct,
    id: string,
    { settings, places: { vpc, tenants } }: { settings: Settings; places: Places },
  ) {
    super(scope, id);
    const prefix = prefixOf(settings);
    const group = new SecurityGroup(this, 'Group', {
      vpc,
      description: 'NFS from tenants tasks',
      allowAllOutbound: false,
    });
    // Tenants' tasks have security groups that are made at run time, so that it is their subnets that are let in.
    for (const { ipv4CidrBlock } of vpc.selectSubnets(tenants).subnets as ISubnet[]) {
      group.addIngressRule(Peer.ipv4(ipv4CidrBlock), Port.tcp(2049), 'NFS');
    }
    this.fileSystem = new FileSystem(this, 'Files', {
      vpc,
      vpcSubnets: { ...tenants, onePerAz: true },
      securityGroup: group,
      encrypted: true,
      enableAutomaticBackups: true,
      throughputMode: ThroughputMode.ELASTIC,
      lifecyclePolicy: LifecyclePolicy.AFTER_30_DAYS,
      outOfInfrequentAccessPolicy: OutOfInfrequentAccessPolicy.AFTER_1_ACCESS,
      allowAnonymousAccess: false,
      removalPolicy: settings.keepData ? RemovalPolicy.RETAIN : RemovalPolicy.DESTROY,
      fileSystemPolicy: this.#policy(prefix),
    });
  }

  /** The second lock beside the roles' own policies: whoever has rights on EFS in the account has none on tenants' files by that. */
  #policy(prefix: string): PolicyDocument {
    const { partition, account } = Stack.of(this);
    const tasks = `arn:${partition}:iam::${account}:role${rolePath(prefix)}*`;
    const mounts = [
      'elasticfilesystem:ClientMount',
      'elasticfilesystem:ClientWrite',
      'elasticfilesystem:ClientRootAccess',
    ];
    const deny = (sid: string, conditions: Record<string, unknown>) =>
      new PolicyStatement({ sid, effect: Effect.DENY, principals: [new AnyPrincipal()], actions: mounts, conditions });
    return new PolicyDocument({
      statements: [
        new PolicyStatement({
          sid: 'TenantsTasks',
          principals: [new AnyPrincipal()],
          actions: mounts,
          conditions: {
            ArnLike: {
              'aws:PrincipalArn': tasks,
              'elasticfilesystem:AccessPointArn': arnsOf(this, prefix).accessPoints,
            },
            Bool: { 'elasticfilesystem:AccessedViaMountTarget': 'true' },
          },
        }),
        deny('WithoutTls', { Bool: { 'aws:SecureTransport': 'false' } }),
        deny('WithoutAccessPoint', { Null: { 'elasticfilesystem:AccessPointArn': 'true' } }),
        deny('Strangers', { ArnNotLike: { 'aws:PrincipalArn': tasks } }),
      ],
    });
  }
}
