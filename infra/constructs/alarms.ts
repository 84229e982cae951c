/** What somebody must hear of, on one topic. What is quiet is well: at rest there are no figures. */
import { Duration, Stack } from 'aws-cdk-lib';
import { Alarm, ComparisonOperator, type IMetric, Metric, TreatMissingData } from 'aws-cdk-lib/aws-cloudwatch';
import { SnsAction } from 'aws-cdk-lib/aws-cloudwatch-actions';
import type { Rule } from 'aws-cdk-lib/aws-events';
import { PolicyStatement, ServicePrincipal } from 'aws-cdk-lib/aws-iam';
import { Topic } from 'aws-cdk-lib/aws-sns';
import { EmailSubscription } from 'aws-cdk-lib/aws-sns-subscriptions';
import { Construct } from 'constructs';
import { prefixOf, type Settings } from '../settings.ts';
import type { DataStack } from '../stacks/data.ts';
import type { ControlFunction } from './control-function.ts';
import type { FrontDoor } from './front-door.ts';
import type { NodeService } from './node-service.ts';
import type { TaskEvents } from './task-events.ts';

export interface Watched {
  settings: Settings;
  functions: Record<'api' | 'events' | 'sweep' | 'migrate', ControlFunction>;
  door: FrontDoor;
  news: TaskEvents;
  sweepRule: Rule;
  data: DataStack;
  service: NodeService | null;
}

interface Limit {
  /** Reached in so many of the last periods. */
  above: number;
  periods?: [number, number];
  what: string;
}

const fiveMinutes = { period: Duration.minutes(5) };

export class Alarms extends Construct {
  readonly topic: Topic;
  readonly #prefix: string;

  constructor(scope: Construct, id: string, watched: Watched) {
    super(scope, id);
    const { settings, functions, door, news, sweepRule, data, service } = watched;
    this.#prefix = prefixOf(settings);
    this.topic = new Topic(this, 'Topic', { topicName: `${this.#prefix}-alarms`, enforceSSL: true });
    this.#letAlarmsIn();
    if (settings.alarmEmail !== null) this.topic.addSubscription(new EmailSubscription(settings.alarmEmail));

    this.#add(
      'dead-events',
      news.dead.metricApproximateNumberOfMessagesVisible({ ...fiveMinutes, statistic: 'Maximum' }),
      {
        above: 0,
        what: 'News of a task could not be worked on and is parked in the dead-letter queue; the sweep has looked at its container all the same.',
      },
    );
    this.#add('late-events', news.queue.metricApproximateAgeOfOldestMessage({ ...fiveMinutes, statistic: 'Maximum' }), {
      above: 300,
      what: 'News of tasks waits for more than five minutes: the events function is throttled or failing.',
    });
    this.#add('api-5xx', door.serverErrors.with(fiveMinutes), {
      above: 10,
      periods: [2, 3],
      what: 'More than ten answers of status 5xx, 501 aside, in five minutes.',
    });
    for (const [name, each] of Object.entries(functions)) {
      const above = name === 'migrate' ? 0 : 4;
      this.#add(`${name}-errors`, each.function.metricErrors({ ...fiveMinutes, statistic: 'Sum' }), {
        above,
        what: `The ${name} function has failed ${above === 0 ? '' : 'five times '}in five minutes.`,
      });
      if (name === 'migrate') continue;
      this.#add(`${name}-throttles`, each.function.metricThrottles({ ...fiveMinutes, statistic: 'Sum' }), {
        above: 0,
        what: `The ${name} function was refused an instance: raise the account's concurrency or the setting.`,
      });
    }
    for (const [name, rule] of Object.entries({ tasks: news.rule, sweep: sweepRule })) {
      const dimensionsMap = { RuleName: rule.ruleName };
      this.#add(
        `${name}-rule`,
        new Metric({
          ...fiveMinutes,
          namespace: 'AWS/Events',
          metricName: 'FailedInvocations',
          dimensionsMap,
          statistic: 'Sum',
        }),
        {
          above: 0,
          what: `EventBridge could not deliver for the rule ${name}.`,
        },
      );
    }
    this.#add('database-full', data.cluster.metric('ACUUtilization', { ...fiveMinutes, statistic: 'Average' }), {
      above: 90,
      periods: [3, 3],
      what: 'The database is at its largest size for 15 minutes: raise database.maximumUnits.',
    });
    this.#add(
      'database-connections',
      data.cluster.metricDatabaseConnections({ ...fiveMinutes, statistic: 'Maximum' }),
      {
        above: 400,
        what: 'More than 400 connections to the database: bound api.concurrency.',
      },
    );
    if (service) {
      this.#add('service-unhealthy', service.unhealthy(fiveMinutes), {
        above: 0,
        periods: [2, 2],
        what: 'The node process does not answer.',
      });
    }
  }

  /** A topic with a policy, as the one about TLS is, takes nothing from alarms of its own account any more. */
  #letAlarmsIn(): void {
    const { partition, region, account } = Stack.of(this);
    this.topic.addToResourcePolicy(
      new PolicyStatement({
        sid: 'Alarms',
        principals: [new ServicePrincipal('cloudwatch.amazonaws.com')],
        actions: ['sns:Publish'],
        resources: [this.topic.topicArn],
        conditions: {
          StringEquals: { 'aws:SourceAccount': account },
          ArnLike: { 'aws:SourceArn': `arn:${partition}:cloudwatch:${region}:${account}:alarm:${this.#prefix}-*` },
        },
      }),
    );
  }

  #add(name: string, metric: IMetric, { above, periods: [reached, of] = [1, 1], what }: Limit): void {
    const alarm = new Alarm(this, name, {
      alarmName: `${this.#prefix}-${name}`,
      alarmDescription: what,
      metric,
      threshold: above,
      comparisonOperator: ComparisonOperator.GREATER_THAN_THRESHOLD,
      datapointsToAlarm: reached,
      evaluationPeriods: of,
      treatMissingData: TreatMissingData.NOT_BREACHING,
    });
    const action = new SnsAction(this.topic);
    alarm.addAlarmAction(action);
    alarm.addOkAction(action);
  }
}
