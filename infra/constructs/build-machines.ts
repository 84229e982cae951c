/** The project of CodeBuild in which tenants' images are built: a new privileged machine for each build, outside of the VPC. */
import { Duration, RemovalPolicy } from 'aws-cdk-lib';
import {
  BuildSpec,
  Cache,
  ComputeType,
  type IBuildImage,
  LinuxArmBuildImage,
  LinuxBuildImage,
  Project,
} from 'aws-cdk-lib/aws-codebuild';
import { Role } from 'aws-cdk-lib/aws-iam';
import { Alias } from 'aws-cdk-lib/aws-kms';
import { LogGroup } from 'aws-cdk-lib/aws-logs';
import { Construct } from 'constructs';
import { arnsOf } from '../policies/arns.ts';
import { acknowledge } from '../policies/grant.ts';
import type { Settings } from '../settings.ts';

export interface BuildMachinesProps {
  prefix: string;
  role: Role;
  tenants: Settings['tenants'];
  logDays: number;
}

export class BuildMachines extends Construct {
  constructor(scope: Construct, id: string, { prefix, role, tenants, logDays }: BuildMachinesProps) {
    super(scope, id);
    const project = new Project(this, 'Project', {
      projectName: `${prefix}-builds`,
      description: "Tenants' image builds: source, script and log are given with each",
      // By its name: CDK would add to a role of its own what this one has or must not have.
      role: Role.fromRoleArn(this, 'Role', arnsOf(this, prefix).sharedRole('build'), { mutable: false }),
      // Longshore gives each build its own; one that is started by hand does nothing.
      buildSpec: BuildSpec.fromObject({ version: '0.2', phases: { build: { commands: ['exit 1'] } } }),
      environment: { buildImage: imageFor(tenants.architecture), computeType: ComputeType.SMALL, privileged: true },
      cache: Cache.none(),
      timeout: Duration.hours(1),
      queuedTimeout: Duration.hours(1),
      encryptionKey: Alias.fromAliasName(this, 'Key', 'alias/aws/s3'),
      logging: {
        cloudWatch: {
          logGroup: new LogGroup(this, 'Log', { retention: logDays, removalPolicy: RemovalPolicy.DESTROY }),
        },
      },
    });
    project.node.addDependency(role);
    acknowledge(
      project,
      'AwsSolutions-CB3',
      'Docker needs a privileged machine. It is new for each build and thrown away after it, stands in no VPC, and its role opens nothing but the repositories of tenants and the files of builds.',
    );
  }
}

const imageFor = (architecture: 'amd64' | 'arm64'): IBuildImage =>
  architecture === 'amd64' ? LinuxBuildImage.AMAZON_LINUX_2023_5 : LinuxArmBuildImage.AMAZON_LINUX_2023_STANDARD_3_0;
