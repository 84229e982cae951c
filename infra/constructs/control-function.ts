/** One of Longshore's functions: a role of its own with nothing but what it is granted, a log that ends, and the bundle of its name. */
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { Duration, RemovalPolicy, Stack } from 'aws-cdk-lib';
import type { ISecurityGroup } from 'aws-cdk-lib/aws-ec2';
import { Effect, PolicyStatement, Role, ServicePrincipal } from 'aws-cdk-lib/aws-iam';
import { Architecture, Code, Function as LambdaFunction, LoggingFormat, Runtime } from 'aws-cdk-lib/aws-lambda';
import { LogGroup } from 'aws-cdk-lib/aws-logs';
import { Construct } from 'constructs';
import { allow, type Grant } from '../policies/grant.ts';
import { prefixOf, type Settings } from '../settings.ts';
import type { Places } from '../stacks/network.ts';

export interface ControlFunctionProps {
  name: 'api' | 'events' | 'sweep' | 'migrate';
  description: string;
  settings: Settings;
  places: Places;
  securityGroups: ISecurityGroup[];
  environment: Record<string, string>;
  grants: readonly Grant[];
  /** Folder with a folder of each function, as `npm run bundle` writes it. */
  bundles: string;
  memoryMiB: number;
  timeoutSeconds: number;
  concurrency?: number | null;
}

const addresses = [
  'ec2:CreateNetworkInterface',
  'ec2:DeleteNetworkInterface',
  'ec2:AssignPrivateIpAddresses',
  'ec2:UnassignPrivateIpAddresses',
];
const looks = [
  'ec2:DescribeNetworkInterfaces',
  'ec2:DescribeSubnets',
  'ec2:DescribeSecurityGroups',
  'ec2:DescribeVpcs',
];

export class ControlFunction extends Construct {
  readonly function: LambdaFunction;
  readonly role: Role;
  readonly log: LogGroup;

  constructor(scope: Construct, id: string, props: ControlFunctionProps) {
    super(scope, id);
    const { name, settings, places } = props;
    const functionName = `${prefixOf(settings)}-${name}`;
    const code = join(props.bundles, name);
    if (!existsSync(join(code, 'index.mjs'))) throw new Error(`${code} has no index.mjs: run \`npm run bundle\` first`);

    this.log = new LogGroup(this, 'Log', {
      logGroupName: `/aws/lambda/${functionName}`,
      retention: settings.logDays,
      removalPolicy: RemovalPolicy.DESTROY,
    });
    this.role = new Role(this, 'Role', {
      roleName: functionName,
      assumedBy: new ServicePrincipal('lambda.amazonaws.com'),
    });
    allow(this.role, [
      {
        why: 'Streams of the function own log group, which Lambda names.',
        actions: ['logs:CreateLogStream', 'logs:PutLogEvents'],
        resources: [`${this.#arn('logs', `log-group:/aws/lambda/${functionName}`)}:*`],
      },
      {
        why: 'Lambda itself gives a function in a VPC its addresses with this role and takes no narrower resource; the code is denied the same below.',
        actions: [...addresses, ...looks],
        resources: ['*'],
      },
      ...props.grants,
    ]);
    this.role.addToPolicy(
      new PolicyStatement({
        effect: Effect.DENY,
        actions: addresses,
        resources: ['*'],
        conditions: { ArnEquals: { 'lambda:SourceFunctionArn': this.#arn('lambda', `function:${functionName}`) } },
      }),
    );
    this.function = new LambdaFunction(this, 'Function', {
      functionName,
      description: props.description,
      runtime: Runtime.NODEJS_24_X,
      architecture: Architecture.ARM_64,
      handler: 'index.handler',
      code: Code.fromAsset(code),
      role: this.role,
      memorySize: props.memoryMiB,
      timeout: Duration.seconds(props.timeoutSeconds),
      ...(props.concurrency && { reservedConcurrentExecutions: props.concurrency }),
      vpc: places.vpc,
      vpcSubnets: places.functions,
      securityGroups: props.securityGroups,
      loggingFormat: LoggingFormat.JSON,
      logGroup: this.log,
      environment: {
        ...props.environment,
        // Lambda keeps the authorities of RDS in this file and trusts them only when told.
        NODE_EXTRA_CA_CERTS: '/var/runtime/ca-cert.pem',
      },
    });
  }

  #arn(service: string, resource: string): string {
    const { partition, region, account } = Stack.of(this);
    return `arn:${partition}:${service}:${region}:${account}:${resource}`;
  }
}
