import { Match, type Template } from 'aws-cdk-lib/assertions';
import { beforeAll, describe, expect, test } from 'vitest';
import { textOf } from './iam.ts';
import { type Resource, type Synthesised, synthesised } from './synthesised.ts';

let plain: Synthesised;
let control: Template;

beforeAll(() => {
  plain = synthesised({ alarmEmail: 'ops@example.com' });
  control = plain.template('control-plane');
});

describe('news of tasks', () => {
  test('come from clusters of this stage only, through a queue that parks what fails', () => {
    const { EventPattern } = plain.one<{
      EventPattern: { detail: { clusterArn: { prefix: unknown }[]; lastStatus: string[] } };
    }>('AWS::Events::Rule', { Name: 'longshore-test-tasks' });
    const { detail } = EventPattern;
    expect(textOf(detail.clusterArn[0]?.prefix)).toBe('arn:aws:ecs:eu-central-1:123456789012:cluster/longshore-test-');
    expect(detail.lastStatus).toEqual(['RUNNING', 'DEPROVISIONING', 'STOPPED']);
    control.hasResourceProperties('AWS::SQS::Queue', {
      QueueName: 'longshore-test-events',
      VisibilityTimeout:
        6 * plain.one<{ Timeout: number }>('AWS::Lambda::Function', { FunctionName: 'longshore-test-events' }).Timeout,
      RedrivePolicy: Match.objectLike({ maxReceiveCount: 5 }),
    });
    control.hasResourceProperties('AWS::SQS::Queue', {
      QueueName: 'longshore-test-dead-events',
      MessageRetentionPeriod: 14 * 86_400,
    });
    control.hasResourceProperties('AWS::Lambda::EventSourceMapping', {
      FunctionResponseTypes: ['ReportBatchItemFailures'],
      BatchSize: 10,
      ScalingConfig: { MaximumConcurrency: 10 },
    });
  });

  test('go to the queues from EventBridge alone, and for this rule', () => {
    const policies = Object.values(control.findResources('AWS::SQS::QueuePolicy')) as Resource[];
    const senders = policies.flatMap(({ Properties }) =>
      (
        Properties.PolicyDocument as { Statement: { Effect: string; Principal: unknown; Condition?: unknown }[] }
      ).Statement.filter(({ Effect }) => Effect === 'Allow'),
    );
    expect(senders.length).toBeGreaterThanOrEqual(2);
    for (const { Principal, Condition } of senders) {
      expect(Principal).toEqual({ Service: 'events.amazonaws.com' });
      expect(JSON.stringify(Condition)).toContain('aws:SourceArn');
    }
  });
});

test('the sweep runs every minute, by a rule whose name the functions know', () => {
  control.hasResourceProperties('AWS::Events::Rule', {
    Name: 'longshore-test-sweep',
    ScheduleExpression: 'rate(1 minute)',
    State: 'ENABLED',
  });
});

describe('who looks after it', () => {
  test('there is an alarm for all that somebody must hear of, on one topic', () => {
    const alarms = Object.values(control.findResources('AWS::CloudWatch::Alarm')) as Resource[];
    expect(alarms.map(({ Properties }) => String(Properties.AlarmName).replace('longshore-test-', '')).sort()).toEqual([
      ...[
        'api-5xx',
        'api-errors',
        'api-throttles',
        'database-connections',
        'database-full',
        'dead-events',
        'events-errors',
      ],
      ...[
        'events-throttles',
        'late-events',
        'migrate-errors',
        'sweep-errors',
        'sweep-rule',
        'sweep-throttles',
        'tasks-rule',
      ],
    ]);
    for (const { Properties } of alarms) {
      expect(Properties.AlarmActions).toHaveLength(1);
      expect(Properties.AlarmDescription).toMatch(/\.$/);
    }
    control.hasResourceProperties('AWS::CloudWatch::Alarm', {
      AlarmName: 'longshore-test-dead-events',
      Threshold: 0,
      ComparisonOperator: 'GreaterThanThreshold',
      MetricName: 'ApproximateNumberOfMessagesVisible',
    });
    control.hasResourceProperties('AWS::CloudWatch::Alarm', {
      AlarmName: 'longshore-test-api-5xx',
      Namespace: 'longshore-test',
      MetricName: 'ServerErrors',
      Statistic: 'Sum',
      Period: 300,
    });
    control.hasResourceProperties('AWS::Logs::MetricFilter', {
      FilterPattern: '{ ($.status = "5*") && ($.status != "501") }',
      MetricTransformations: [{ MetricNamespace: 'longshore-test', MetricName: 'ServerErrors', MetricValue: '1' }],
    });
    control.hasResourceProperties('AWS::SNS::Subscription', { Protocol: 'email', Endpoint: 'ops@example.com' });
  });

  test('the topic takes what alarms of this stage publish, by TLS', () => {
    interface Statement {
      Effect: string;
      Condition: { ArnLike?: Record<string, unknown> };
    }
    const { PolicyDocument } = plain.one<{ PolicyDocument: { Statement: Statement[] } }>('AWS::SNS::TopicPolicy');
    const allowed = PolicyDocument.Statement.filter(({ Effect }) => Effect === 'Allow');
    expect(allowed).toEqual([
      expect.objectContaining({ Principal: { Service: 'cloudwatch.amazonaws.com' }, Action: 'sns:Publish' }),
    ]);
    const alarms = allowed.map(({ Condition }) => textOf(Condition.ArnLike?.['aws:SourceArn']));
    expect(alarms).toEqual(['arn:aws:cloudwatch:eu-central-1:123456789012:alarm:longshore-test-*']);
    expect(PolicyDocument.Statement.filter(({ Effect }) => Effect === 'Deny')).toHaveLength(1);
  });

  test('there is a dashboard', () => {
    control.resourceCountIs('AWS::CloudWatch::Dashboard', 1);
  });
});
