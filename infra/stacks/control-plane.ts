/** Longshore itself: the functions, the API in front of them, the news of tasks, the sweep, and who looks after all of it. */
import { CfnOutput, Duration, RemovalPolicy, Stack, type StackProps } from 'aws-cdk-lib';
import { Peer, Port, SecurityGroup } from 'aws-cdk-lib/aws-ec2';
import { Rule, Schedule } from 'aws-cdk-lib/aws-events';
import { LambdaFunction as FunctionTarget } from 'aws-cdk-lib/aws-events-targets';
import { type ISecret, Secret } from 'aws-cdk-lib/aws-secretsmanager';
import { Trigger } from 'aws-cdk-lib/triggers';
import type { Construct } from 'constructs';
import { Alarms } from '../constructs/alarms.ts';
import { ControlFunction, type ControlFunctionProps } from '../constructs/control-function.ts';
import { addDashboard } from '../constructs/dashboard.ts';
import { FrontDoor } from '../constructs/front-door.ts';
import { NodeService } from '../constructs/node-service.ts';
import { keepProviderLogs } from '../constructs/provider-logs.ts';
import { eventsTimeoutSeconds, TaskEvents } from '../constructs/task-events.ts';
import { sweepRuleName } from '../policies/arns.ts';
import { acknowledge, type Grant } from '../policies/grant.ts';
import { reconcileGrants, requestGrants } from '../policies/provider-grants.ts';
import { prefixOf, type Settings } from '../settings.ts';
import type { DataStack } from './data.ts';
import type { Places } from './network.ts';
import type { TenantsStack } from './tenants.ts';

export interface ControlPlaneParts {
  settings: Settings;
  places: Places;
  data: DataStack;
  tenants: TenantsStack;
  bundles: string;
}

/** API Gateway streams no longer. */
const requestSeconds = 900;

export class ControlPlaneStack extends Stack {
  readonly url: string;
  readonly operatorKey: Secret;
  readonly alarms: Alarms;

  constructor(scope: Construct, id: string, parts: ControlPlaneParts, props: StackProps) {
    super(scope, id, props);
    const { settings, places, data, tenants, bundles } = parts;
    const prefix = prefixOf(settings);
    this.operatorKey = this.#operatorKey(settings);
    const group = this.#group(settings, places);
    const environment = {
      LONGSHORE_PROVIDER: 'aws',
      LONGSHORE_DATABASE_SECRET: data.secret.secretArn,
      LONGSHORE_SWEEP_RULE: sweepRuleName(prefix),
      ...ratesOf(settings.api),
      ...(settings.registries.length > 0 && { LONGSHORE_REGISTRIES: settings.registries.join(',') }),
      ...tenants.variables,
      ...settings.environment,
    };
    const common = { settings, places, bundles, securityGroups: [group, data.clients] };
    const operator = { LONGSHORE_OPERATOR_KEY_SECRET: this.operatorKey.secretArn };
    const login = reads(data.secret);
    const reconcile = [login, ...reconcileGrants(tenants.provider), ruleGrant(tenants, ['events:EnableRule'])];
    const request = [...reconcile, ...requestGrants(tenants.provider), reads(this.operatorKey)];
    const make = (name: ControlFunctionProps['name'], own: Own) =>
      new ControlFunction(this, name, {
        ...common,
        ...own,
        name,
        environment: { ...environment, ...own.environment, LONGSHORE_DATABASE_CONNECTIONS: '2' },
      });

    const api = make('api', {
      description: 'Longshore: /v1 and the Docker Engine API',
      environment: operator,
      grants: request,
      memoryMiB: settings.api.memoryMiB,
      timeoutSeconds: requestSeconds,
      concurrency: settings.api.concurrency,
    });
    const events = make('events', {
      description: "Longshore: news of tenants' tasks",
      grants: reconcile,
      memoryMiB: 512,
      timeoutSeconds: eventsTimeoutSeconds,
    });
    const sweep = make('sweep', {
      description: 'Longshore: what is due, and what nobody owns',
      grants: [...reconcile, ruleGrant(tenants, ['events:DisableRule'])],
      memoryMiB: 512,
      timeoutSeconds: 120,
    });
    const migrate = make('migrate', {
      description: 'Longshore: brings the database to this version',
      environment: operator,
      grants: [
        login,
        reads(this.operatorKey),
        { ...reads(this.operatorKey), actions: ['secretsmanager:PutSecretValue'] },
      ],
      memoryMiB: 512,
      timeoutSeconds: 300,
    });
    // The next minute does it again.
    sweep.function.configureAsyncInvoke({ retryAttempts: 0, maxEventAge: Duration.minutes(1) });
    new Trigger(this, 'Migration', {
      handler: migrate.function,
      timeout: Duration.minutes(6),
      executeAfter: [migrate],
      // The old version works on with the new schema, and the new one never meets the old.
      executeBefore: [api, events, sweep],
    });

    const door = new FrontDoor(this, 'FrontDoor', { settings, handler: api.function });
    const news = new TaskEvents(this, 'TaskEvents', { prefix });
    news.feed(events.function);
    const rule = new Rule(this, 'SweepRule', {
      ruleName: sweepRuleName(prefix),
      description:
        'Every minute while something is live or due: the sweep switches it off and what is accepted switches it on',
      schedule: Schedule.rate(Duration.minutes(1)),
      targets: [new FunctionTarget(sweep.function, { retryAttempts: 0, maxEventAge: Duration.minutes(1) })],
    });
    const service =
      settings.service &&
      new NodeService(this, 'Service', {
        settings,
        options: settings.service,
        places,
        clients: data.clients,
        environment: { ...environment, ...operator },
        grants: request,
        news: news.fork('ServiceQueue', `${prefix}-service-events`),
      });
    const watched = { api, events, sweep, migrate };
    this.alarms = new Alarms(this, 'Alarms', {
      settings,
      functions: watched,
      door,
      news,
      sweepRule: rule,
      data,
      service,
    });
    addDashboard(this, { settings, functions: watched, door, news, data });
    this.url = door.url;
    new CfnOutput(this, 'Url', { value: door.url, description: 'Where Longshore answers' });
    new CfnOutput(this, 'OperatorKey', {
      value: `${prefix}/operator-key`,
      description: "The secret with the operator's key",
    });
    if (service)
      new CfnOutput(this, 'DockerHost', { value: service.dockerHost, description: 'DOCKER_HOST of the node process' });
    keepProviderLogs(this, settings.logDays);
  }

  #operatorKey(settings: Settings): Secret {
    const secret = new Secret(this, 'OperatorKeySecret', {
      secretName: `${prefixOf(settings)}/operator-key`,
      description: "The operator's key: the first deployment puts it there",
      removalPolicy: settings.keepData ? RemovalPolicy.RETAIN : RemovalPolicy.DESTROY,
    });
    acknowledge(
      secret,
      'AwsSolutions-SMG4',
      'People and pipelines hold this key, so that a change on a schedule would lock them out; docs/aws-deploy.md has the command that changes it.',
    );
    return secret;
  }

  /** Out to HTTPS, and to the ports of the registries that were named; in from nowhere. */
  #group({ registries }: Settings, { vpc }: Places): SecurityGroup {
    const group = new SecurityGroup(this, 'Functions', {
      vpc,
      description: 'Functions of Longshore',
      allowAllOutbound: false,
    });
    const ports = new Set([443, ...registries.map((host) => Number(host.split(':')[1] ?? 443))]);
    for (const port of ports) group.addEgressRule(Peer.anyIpv4(), Port.tcp(port), 'AWS and registries');
    return group;
  }
}

/** Of one tenant: its own default is for a process, and more than API Gateway lets through for all of them together. */
const ratesOf = ({ ratePerSecond, rateBurst }: Settings['api']) => ({
  LONGSHORE_RATE_PER_SECOND: String(Math.ceil(ratePerSecond / 4)),
  LONGSHORE_RATE_BURST: String(Math.ceil(rateBurst / 4)),
});

type Own = Pick<ControlFunctionProps, 'description' | 'grants' | 'memoryMiB' | 'timeoutSeconds' | 'concurrency'> & {
  environment?: Record<string, string>;
};

const reads = ({ secretArn }: ISecret): Grant => ({
  why: 'One secret, no wildcard.',
  actions: ['secretsmanager:GetSecretValue'],
  resources: [secretArn],
});

const ruleGrant = ({ provider }: TenantsStack, actions: string[]): Grant => ({
  why: 'One rule, no wildcard.',
  actions,
  resources: [provider.arns.sweepRule],
});
