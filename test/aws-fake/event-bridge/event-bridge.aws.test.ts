/** Rules of EventBridge: patterns that bring events to queues, and schedules that are switched on and off. */
import {
  DescribeRuleCommand,
  DisableRuleCommand,
  EnableRuleCommand,
  EventBridgeClient,
  PutRuleCommand,
  PutTargetsCommand,
} from '@aws-sdk/client-eventbridge';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { type EcsBench, region, startEcsBench } from '../ecs/ecs-bench.ts';

let bench: EcsBench;
let client: EventBridgeClient;
beforeEach(async () => {
  bench = await startEcsBench();
  const { fake } = bench;
  client = new EventBridgeClient({ region, endpoint: fake.url, credentials: fake.addUser(), maxAttempts: 1 });
});
afterEach(async () => {
  client.destroy();
  await bench.close();
});

test('a rule brings the events that its pattern is about to a queue, as often as they come', async () => {
  const { fake, site, clock } = bench;
  const queue = site.queues.add('events', {});
  const EventPattern = JSON.stringify({
    source: ['aws.ecs'],
    'detail-type': ['ECS Task State Change'],
    detail: { clusterArn: [{ prefix: 'arn:aws:ecs:' }], lastStatus: ['RUNNING', 'STOPPED'] },
  });
  await client.send(new PutRuleCommand({ Name: 'tasks', EventPattern }));
  await client.send(new PutTargetsCommand({ Rule: 'tasks', Targets: [{ Id: 'queue', Arn: queue.arn }] }));
  fake.habits.events.copies = () => 2;
  await bench.register();
  const taskArn = await bench.run();
  await clock.advance(60_000);
  const bodies = queue.messages.map(({ body }) => JSON.parse(body));
  expect(bodies.map(({ detail }) => [detail.taskArn, detail.lastStatus])).toEqual([
    [taskArn, 'RUNNING'],
    [taskArn, 'RUNNING'],
  ]);
});

test('a schedule invokes its target while it is enabled, and begins anew when it is enabled again', async () => {
  const { fake, site, clock } = bench;
  const arn = site.arn('lambda', 'function:sweep');
  const times: number[] = [];
  const start = clock.now();
  fake.functions.set(arn, async () => void times.push((clock.now() - start) / 1000));
  await client.send(new PutRuleCommand({ Name: 'sweep', ScheduleExpression: 'rate(1 minute)', State: 'DISABLED' }));
  await client.send(new PutTargetsCommand({ Rule: 'sweep', Targets: [{ Id: 'sweep', Arn: arn }] }));
  await clock.advance(90_000);
  await client.send(new EnableRuleCommand({ Name: 'sweep' }));
  await clock.advance(125_000);
  await client.send(new EnableRuleCommand({ Name: 'sweep' }));
  await clock.advance(60_000);
  expect((await client.send(new DescribeRuleCommand({ Name: 'sweep' }))).State).toBe('ENABLED');
  await client.send(new DisableRuleCommand({ Name: 'sweep' }));
  await clock.advance(600_000);
  expect(times).toEqual([150, 210, 270]);
});

test('a pattern or a rate that EventBridge does not take is refused, and so is a rule that is not there', async () => {
  const put = (more: object) => client.send(new PutRuleCommand({ Name: 'rule', ...more }));
  await expect(put({ EventPattern: '{"source":"aws.ecs"}' })).rejects.toMatchObject({
    name: 'InvalidEventPatternException',
  });
  await expect(put({ ScheduleExpression: 'rate(1 minutes)' })).rejects.toMatchObject({ name: 'ValidationException' });
  await expect(put({})).rejects.toMatchObject({ name: 'ValidationException' });
  await expect(client.send(new EnableRuleCommand({ Name: 'none' }))).rejects.toMatchObject({
    name: 'ResourceNotFoundException',
  });
});
