/** Aurora PostgreSQL, Serverless v2, and the secret with which one logs in. Only members of its client group reach it. */
import { Duration, RemovalPolicy, Stack, type StackProps } from 'aws-cdk-lib';
import { Peer, Port, SecurityGroup } from 'aws-cdk-lib/aws-ec2';
import { LogGroup } from 'aws-cdk-lib/aws-logs';
import {
  AuroraPostgresEngineVersion,
  ClusterInstance,
  Credentials,
  DatabaseCluster,
  DatabaseClusterEngine,
  ParameterGroup,
} from 'aws-cdk-lib/aws-rds';
import { CfnApplication } from 'aws-cdk-lib/aws-sam';
import type { ISecret, SecretRotation } from 'aws-cdk-lib/aws-secretsmanager';
import type { Construct } from 'constructs';
import { acknowledge } from '../policies/grant.ts';
import { prefixOf, type Settings } from '../settings.ts';
import type { Places } from './network.ts';

/** The major version that the tests run on. */
const version = AuroraPostgresEngineVersion.VER_17_9;
const port = 5433;

export class DataStack extends Stack {
  readonly cluster: DatabaseCluster;
  readonly secret: ISecret;
  /** Who is in it may connect. */
  readonly clients: SecurityGroup;

  constructor(
    scope: Construct,
    id: string,
    settings: Settings,
    { vpc, database, functions }: Places,
    props: StackProps,
  ) {
    super(scope, id, props);
    const prefix = prefixOf(settings);
    const { minimumUnits, maximumUnits, pauseAfterMinutes, standby, backupDays, rotateDays } = settings.database;
    const engine = DatabaseClusterEngine.auroraPostgres({ version });
    const group = new SecurityGroup(this, 'Group', {
      vpc,
      description: 'The database of Longshore',
      allowAllOutbound: false,
    });
    this.clients = new SecurityGroup(this, 'Clients', {
      vpc,
      description: 'Who may connect to the database of Longshore',
      allowAllOutbound: false,
    });
    group.addIngressRule(this.clients, Port.tcp(port), 'Postgres');
    this.clients.addEgressRule(group, Port.tcp(port), 'Postgres');

    // Of this name, so that RDS finds it there, with its retention, instead of making one that keeps all.
    const log = new LogGroup(this, 'Log', {
      logGroupName: `/aws/rds/cluster/${prefix}/postgresql`,
      retention: settings.logDays,
      removalPolicy: RemovalPolicy.DESTROY,
    });
    const instance = { autoMinorVersionUpgrade: true, publiclyAccessible: false };
    this.cluster = new DatabaseCluster(this, 'Cluster', {
      clusterIdentifier: prefix,
      engine,
      parameterGroup: new ParameterGroup(this, 'Parameters', {
        engine,
        description: 'TLS only',
        parameters: { 'rds.force_ssl': '1', log_min_duration_statement: '1000' },
      }),
      credentials: Credentials.fromGeneratedSecret('longshore', { secretName: `${prefix}/database` }),
      defaultDatabaseName: 'longshore',
      port,
      vpc,
      vpcSubnets: database,
      securityGroups: [group],
      writer: ClusterInstance.serverlessV2('Writer', instance),
      readers: standby ? [ClusterInstance.serverlessV2('Standby', { ...instance, scaleWithWriter: true })] : [],
      serverlessV2MinCapacity: minimumUnits,
      serverlessV2MaxCapacity: maximumUnits,
      ...(minimumUnits === 0 && { serverlessV2AutoPauseDuration: Duration.minutes(pauseAfterMinutes) }),
      storageEncrypted: true,
      iamAuthentication: true,
      backup: { retention: Duration.days(backupDays) },
      copyTagsToSnapshot: true,
      deletionProtection: settings.keepData,
      removalPolicy: settings.keepData ? RemovalPolicy.RETAIN : RemovalPolicy.SNAPSHOT,
      cloudwatchLogsExports: ['postgresql'],
    });
    this.cluster.node.addDependency(log);
    const { secret } = this.cluster;
    if (!secret) throw new Error('The database has no secret');
    this.secret = secret;

    const rotators = new SecurityGroup(this, 'Rotators', {
      vpc,
      description: 'Changes the password of the database',
      allowAllOutbound: false,
    });
    rotators.addEgressRule(Peer.anyIpv4(), Port.tcp(443), 'Secrets Manager');
    rotators.connections.allowTo(group, Port.tcp(port), 'Postgres');
    const rotation = this.cluster.addRotationSingleUser({
      automaticallyAfter: Duration.days(rotateDays),
      vpcSubnets: functions,
      securityGroup: rotators,
    });
    this.#keepLog(rotation, settings.logDays);
    if (!settings.keepData) {
      acknowledge(
        this.cluster,
        'AwsSolutions-RDS10',
        'A stage with keepData off comes and goes; a last snapshot is taken when it goes.',
      );
    }
  }

  /** The function that AWS publishes for rotations logs into a group of its name. */
  #keepLog(rotation: SecretRotation, logDays: number): void {
    const application = rotation.node.findAll().find((each) => each instanceof CfnApplication);
    const { functionName } = (application?.parameters ?? {}) as { functionName?: string };
    if (!application || functionName === undefined) throw new Error('The rotation has no function');
    const log = new LogGroup(this, 'RotationLog', {
      logGroupName: `/aws/lambda/${functionName}`,
      retention: logDays,
      removalPolicy: RemovalPolicy.DESTROY,
    });
    application.node.addDependency(log);
  }
}
