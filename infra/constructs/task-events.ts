/** ECS's news of tenants' tasks: a rule, a queue, and another for what could not be worked on. */
import { Duration, Stack } from 'aws-cdk-lib';
import { Match, Rule } from 'aws-cdk-lib/aws-events';
import { SqsQueue } from 'aws-cdk-lib/aws-events-targets';
import type { Function as LambdaFunction } from 'aws-cdk-lib/aws-lambda';
import { SqsEventSource } from 'aws-cdk-lib/aws-lambda-event-sources';
import { Queue, QueueEncryption } from 'aws-cdk-lib/aws-sqs';
import { Construct } from 'constructs';

/** Of one batch. The queue shows a message again after six times as long, as Lambda asks. */
export const eventsTimeoutSeconds = 60;
const batchSize = 10;
const tries = 5;

const common = { encryption: QueueEncryption.SQS_MANAGED, enforceSSL: true };

export class TaskEvents extends Construct {
  readonly rule: Rule;
  readonly queue: Queue;
  readonly dead: Queue;

  constructor(scope: Construct, id: string, { prefix }: { prefix: string }) {
    super(scope, id);
    const { partition, region, account } = Stack.of(this);
    this.dead = new Queue(this, 'Dead', {
      ...common,
      queueName: `${prefix}-dead-events`,
      retentionPeriod: Duration.days(14),
    });
    this.queue = this.#queue('Queue', `${prefix}-events`);
    this.rule = new Rule(this, 'Rule', {
      ruleName: `${prefix}-tasks`,
      description: "State changes of tenants' tasks",
      eventPattern: {
        source: ['aws.ecs'],
        detailType: ['ECS Task State Change'],
        detail: {
          clusterArn: Match.prefix(`arn:${partition}:ecs:${region}:${account}:cluster/${prefix}-`),
          // On the way up nothing is to be done before a task runs.
          lastStatus: ['RUNNING', 'DEPROVISIONING', 'STOPPED'],
        },
      },
    });
    this.rule.addTarget(new SqsQueue(this.queue, { deadLetterQueue: this.dead, retryAttempts: 10 }));
  }

  /** The function hears of what failed alone: what else is in a batch is done. */
  feed(handler: LambdaFunction): void {
    handler.addEventSource(
      new SqsEventSource(this.queue, { batchSize, reportBatchItemFailures: true, maxConcurrency: 10 }),
    );
  }

  /** A second listener hears all of it as well. */
  fork(id: string, name: string): Queue {
    const queue = this.#queue(id, name);
    this.rule.addTarget(new SqsQueue(queue, { deadLetterQueue: this.dead, retryAttempts: 10 }));
    return queue;
  }

  #queue(id: string, queueName: string): Queue {
    return new Queue(this, id, {
      ...common,
      queueName,
      visibilityTimeout: Duration.seconds(6 * eventsTimeoutSeconds),
      retentionPeriod: Duration.days(1),
      deadLetterQueue: { queue: this.dead, maxReceiveCount: tries },
    });
  }
}
