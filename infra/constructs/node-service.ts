/**
 * The node process on Fargate, for what no function can carry: attach, interactive exec and other connections in both directions. The load
 * balancer passes TLS through, so that client certificates reach the process. Its worker keeps the database awake.
 */
import { fileURLToPath } from 'node:url';
import { Duration, IgnoreMode, RemovalPolicy } from 'aws-cdk-lib';
import type { Metric, MetricOptions } from 'aws-cdk-lib/aws-cloudwatch';
import { Peer, Port, SecurityGroup, type SubnetSelection, SubnetType } from 'aws-cdk-lib/aws-ec2';
import { Platform } from 'aws-cdk-lib/aws-ecr-assets';
import {
  AwsLogDriverMode,
  Cluster,
  ContainerImage,
  ContainerInsights,
  CpuArchitecture,
  FargateService,
  FargateTaskDefinition,
  LogDrivers,
  OperatingSystemFamily,
} from 'aws-cdk-lib/aws-ecs';
import { NetworkLoadBalancer, type NetworkTargetGroup, Protocol } from 'aws-cdk-lib/aws-elasticloadbalancingv2';
import { Role, ServicePrincipal } from 'aws-cdk-lib/aws-iam';
import { LogGroup } from 'aws-cdk-lib/aws-logs';
import type { Queue } from 'aws-cdk-lib/aws-sqs';
import { Construct } from 'constructs';
import { acknowledge, allow, type Grant } from '../policies/grant.ts';
import { prefixOf, type Settings } from '../settings.ts';
import type { Places } from '../stacks/network.ts';

export interface NodeServiceProps {
  settings: Settings;
  options: NonNullable<Settings['service']>;
  places: Places;
  clients: SecurityGroup;
  environment: Record<string, string>;
  grants: readonly Grant[];
  /** News of tasks that are for this process. */
  news: Queue;
}

const tlsPort = 2376;
const httpPort = 7070;
const repository = fileURLToPath(new URL('../..', import.meta.url));

export class NodeService extends Construct {
  readonly dockerHost: string;
  readonly #targets: NetworkTargetGroup;

  constructor(scope: Construct, id: string, props: NodeServiceProps) {
    super(scope, id);
    const { settings, options, places } = props;
    const { vpc } = places;
    const door = new SecurityGroup(this, 'Door', {
      vpc,
      description: 'The load balancer of Longshore',
      allowAllOutbound: false,
    });
    for (const range of options.ingress)
      door.addIngressRule(Peer.ipv4(range), Port.tcp(tlsPort), 'Docker clients, by TLS');
    if (options.ingress.includes('0.0.0.0/0')) {
      acknowledge(
        door,
        'AwsSolutions-EC23',
        'Docker clients come from anywhere, as to the API: one port, TLS, and a key or a client certificate with every request. service.ingress narrows it.',
      );
    }
    const group = new SecurityGroup(this, 'Group', {
      vpc,
      description: 'The node process of Longshore',
      allowAllOutbound: true,
    });
    for (const port of [tlsPort, httpPort]) group.connections.allowFrom(door, Port.tcp(port), 'The load balancer');

    const service = new FargateService(this, 'Service', {
      cluster: this.#cluster(settings, places),
      taskDefinition: this.#task(props),
      desiredCount: options.count,
      minHealthyPercent: 100,
      maxHealthyPercent: 200,
      circuitBreaker: { rollback: true },
      securityGroups: [group, props.clients],
      vpcSubnets: places.functions,
    });
    const subnets: SubnetSelection = options.public
      ? { subnetType: SubnetType.PUBLIC, onePerAz: true }
      : { ...places.functions, onePerAz: true };
    const balancer = new NetworkLoadBalancer(this, 'Balancer', {
      vpc,
      vpcSubnets: subnets,
      internetFacing: options.public,
      securityGroups: [door],
      crossZoneEnabled: true,
      deletionProtection: settings.keepData,
    });
    acknowledge(
      balancer,
      'AwsSolutions-ELB2',
      'A network load balancer logs TLS that it ends itself; this one passes it through, and the process logs each request.',
    );
    // An attached terminal may say nothing for a long time.
    const listener = balancer.addListener('Tls', {
      port: tlsPort,
      protocol: Protocol.TCP,
      tcpIdleTimeout: Duration.seconds(6000),
    });
    this.#targets = listener.addTargets('Process', {
      port: tlsPort,
      protocol: Protocol.TCP,
      targets: [service],
      deregistrationDelay: Duration.minutes(2),
      healthCheck: { protocol: Protocol.HTTP, port: String(httpPort), path: '/healthz' },
    });
    this.dockerHost = `tcp://${balancer.loadBalancerDnsName}:${tlsPort}`;
  }

  unhealthy(options: MetricOptions): Metric {
    return this.#targets.metrics.unHealthyHostCount({ ...options, statistic: 'Maximum' });
  }

  #cluster({ stage }: Settings, { vpc }: Places): Cluster {
    // Not of the tenants' prefix: what may stop their tasks may not stop this one.
    return new Cluster(this, 'Cluster', {
      clusterName: `${stage}-longshore`,
      vpc,
      containerInsightsV2: ContainerInsights.ENABLED,
    });
  }

  #task({ settings, options, environment, grants, news }: NodeServiceProps): FargateTaskDefinition {
    const role = new Role(this, 'Role', {
      roleName: `${prefixOf(settings)}-service`,
      assumedBy: new ServicePrincipal('ecs-tasks.amazonaws.com'),
    });
    allow(role, [
      ...grants,
      {
        why: 'One queue, no wildcard.',
        actions: ['sqs:ReceiveMessage', 'sqs:DeleteMessage'],
        resources: [news.queueArn],
      },
      {
        why: 'One secret, no wildcard.',
        actions: ['secretsmanager:GetSecretValue'],
        resources: [options.tlsSecret],
      },
    ]);
    const task = new FargateTaskDefinition(this, 'Task', {
      cpu: options.cpuUnits,
      memoryLimitMiB: options.memoryMiB,
      runtimePlatform: { cpuArchitecture: CpuArchitecture.X86_64, operatingSystemFamily: OperatingSystemFamily.LINUX },
      taskRole: role.withoutPolicyUpdates(),
    });
    const log = new LogGroup(this, 'Log', {
      logGroupName: `/ecs/${prefixOf(settings)}-service`,
      retention: settings.logDays,
      removalPolicy: RemovalPolicy.DESTROY,
    });
    task.addContainer('process', {
      image: ContainerImage.fromAsset(repository, {
        file: 'infra/image/Dockerfile',
        platform: Platform.LINUX_AMD64,
        // Docker is asked at a deployment only.
        ignoreMode: IgnoreMode.DOCKER,
        exclude: ['*', '!package.json', '!package-lock.json', '!.npmrc', '!src', '!infra', 'infra/*', '!infra/image'],
      }),
      environment: {
        ...environment,
        LONGSHORE_HOST: '0.0.0.0',
        LONGSHORE_PORT: String(httpPort),
        LONGSHORE_TLS_PORT: String(tlsPort),
        LONGSHORE_AWS_EVENTS_QUEUE: news.queueUrl,
        LONGSHORE_TLS_SECRET: options.tlsSecret,
      },
      portMappings: [{ containerPort: tlsPort }, { containerPort: httpPort }],
      logging: LogDrivers.awsLogs({ streamPrefix: 'node', logGroup: log, mode: AwsLogDriverMode.NON_BLOCKING }),
      stopTimeout: Duration.seconds(60),
    });
    acknowledge(
      task,
      'AwsSolutions-ECS2',
      'Names of resources and switches only: passwords, keys and certificates are read from Secrets Manager.',
    );
    const password = {
      why: 'ECR has no resource for the password of a registry.',
      id: 'AwsSolutions-IAM5[Resource::*]',
    };
    acknowledge(task, password.id, password.why);
    return task;
  }
}
