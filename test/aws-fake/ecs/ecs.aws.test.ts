/** ECS as a caller sees it, on a clock that the tests move and with containers that are only pretended. */
import {
  DeleteClusterCommand,
  DescribeTasksCommand,
  ExecuteCommandCommand,
  ListTagsForResourceCommand,
  ListTasksCommand,
  StopTaskCommand,
} from '@aws-sdk/client-ecs';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { defaultAccount } from '../front-door.ts';

import { cluster, type EcsBench, region, startEcsBench } from './ecs-bench.ts';

let bench: EcsBench;
beforeEach(async () => {
  bench = await startEcsBench();
});
afterEach(() => bench.close());

test('a task goes through every state, and each has a version and an event of its own', async () => {
  await bench.register();
  const taskArn = await bench.run({ startedBy: 'somebody' });
  await bench.clock.advance(60_000);
  expect(await bench.describe(taskArn)).toMatchObject({ lastStatus: 'RUNNING', desiredStatus: 'RUNNING' });
  await bench.client.send(new StopTaskCommand({ cluster, task: taskArn, reason: 'enough' }));
  await bench.clock.advance(60_000);
  const stopped = await bench.describe(taskArn);
  expect(stopped).toMatchObject({ lastStatus: 'STOPPED', stopCode: 'UserInitiated', stoppedReason: 'enough' });
  expect(stopped?.containers?.[0]).toMatchObject({ exitCode: 143 });
  const states = [...new Set(bench.events.map(({ detail }) => detail.lastStatus))];
  const ending = ['DEACTIVATING', 'STOPPING', 'DEPROVISIONING', 'STOPPED'];
  expect(states).toEqual(['PENDING', 'ACTIVATING', 'RUNNING', ...ending]);
  const versions = bench.events.map(({ detail }) => Number(detail.version));
  expect(versions).toEqual(versions.toSorted((a, b) => a - b));
  expect(versions.at(-1)).toBe(stopped?.version);
  expect(bench.events.at(-1)?.detail).toMatchObject({ startedBy: 'somebody', attachments: [{ type: 'eni' }] });
  expect(typeof bench.events.at(-1)?.detail.stoppedAt).toBe('string');
});

test('the address comes with the interface, and both go with the task', async () => {
  await bench.register();
  const taskArn = await bench.run();
  await bench.clock.advance(60_000);
  const task = await bench.describe(taskArn);
  const address = task?.containers?.[0]?.networkInterfaces?.[0]?.privateIpv4Address;
  expect(task?.attachments?.[0]?.details).toContainEqual({ name: 'privateIPv4Address', value: address });
  expect(bench.site.ec2.interfaces.size).toBe(1);
  await bench.client.send(new StopTaskCommand({ cluster, task: taskArn }));
  await bench.clock.advance(60_000);
  expect(bench.site.ec2.interfaces.size).toBe(0);
});

test('a container that ends takes its task with it, and memory is named as the cause', async () => {
  await bench.register();
  const taskArn = await bench.run();
  await bench.clock.advance(60_000);
  for (const container of bench.runtime.running) container.end({ exitCode: 137, outOfMemory: true });
  await bench.clock.advance(60_000);
  const task = await bench.describe(taskArn);
  expect(task).toMatchObject({ lastStatus: 'STOPPED', stopCode: 'EssentialContainerExited' });
  expect(task?.containers?.[0]).toMatchObject({ exitCode: 137, reason: expect.stringContaining('OutOfMemoryError') });
});

test('an image that cannot be pulled stops the task before it started', async () => {
  await bench.register();
  bench.runtime.unpullable.set('example.org/app:1', 'not found');
  const taskArn = await bench.run();
  await bench.clock.advance(60_000);
  const task = await bench.describe(taskArn);
  expect(task).toMatchObject({ lastStatus: 'STOPPED', stopCode: 'TaskFailedToStart' });
  expect(task?.stoppedReason).toBe('CannotPullContainerError: not found');
  expect(task?.containers?.[0]?.exitCode).toBeUndefined();
});

test('a task can be stopped before it runs', async () => {
  await bench.register();
  const taskArn = await bench.run();
  await bench.clock.advance(1_000);
  await bench.client.send(new StopTaskCommand({ cluster, task: taskArn }));
  await bench.clock.advance(60_000);
  expect(await bench.describe(taskArn)).toMatchObject({ lastStatus: 'STOPPED', stopCode: 'UserInitiated' });
  expect(bench.runtime.running.size).toBe(0);
});

test('a secret or a log group that is missing is why a task does not start', async () => {
  const logConfiguration = {
    logDriver: 'awslogs' as const,
    options: { 'awslogs-group': '/none', 'awslogs-region': region, 'awslogs-stream-prefix': 'x' },
  };
  const secrets = [{ name: 'KEY', valueFrom: `arn:aws:secretsmanager:${region}:${defaultAccount}:secret:none-abcdef` }];
  for (const more of [{ logConfiguration }, { secrets }]) {
    await bench.register({ containerDefinitions: [{ name: 'main', image: 'example.org/app:1', ...more }] });
    const taskArn = await bench.run();
    await bench.clock.advance(60_000);
    expect((await bench.describe(taskArn))?.stoppedReason).toMatch(
      /^ResourceInitializationError: .*ResourceNotFoundException/,
    );
  }
});

test('a task is MISSING at first and again when it was forgotten', async () => {
  await bench.register();
  const { tasks = [] } = await bench.tryRun();
  const taskArn = tasks[0]?.taskArn ?? '';
  const missing = await bench.client.send(new DescribeTasksCommand({ cluster, tasks: [taskArn] }));
  expect(missing).toMatchObject({ tasks: [], failures: [{ arn: taskArn, reason: 'MISSING' }] });
  await bench.clock.advance(60_000);
  await bench.client.send(new StopTaskCommand({ cluster, task: taskArn }));
  await bench.clock.advance(3_000_000);
  expect(await bench.describe(taskArn)).toMatchObject({ lastStatus: 'STOPPED' });
  await bench.clock.advance(3_000_000);
  expect(await bench.describe(taskArn)).toBeUndefined();
});

test('the same token runs one task, and refuses other parameters', async () => {
  await bench.register();
  const first = await bench.run({ clientToken: 'token' });
  expect(await bench.run({ clientToken: 'token' })).toBe(first);
  await expect(bench.run({ clientToken: 'token', startedBy: 'x' })).rejects.toMatchObject({
    name: 'ConflictException',
  });
  await bench.clock.advance(60_000);
  expect((await bench.client.send(new ListTasksCommand({ cluster }))).taskArns).toEqual([first]);
});

test('tags are there until the task is stopped', async () => {
  await bench.register();
  const tags = [{ key: 'tenant', value: 'a' }];
  const taskArn = await bench.run({ tags });
  await bench.clock.advance(60_000);
  expect((await bench.describe(taskArn))?.tags).toEqual(tags);
  await bench.client.send(new StopTaskCommand({ cluster, task: taskArn }));
  expect((await bench.client.send(new ListTagsForResourceCommand({ resourceArn: taskArn }))).tags).toEqual([]);
});

test('lists are of what is wanted to run, by who started it, page by page', async () => {
  await bench.register();
  const arns = [
    await bench.run({ startedBy: 'a' }),
    await bench.run({ startedBy: 'b' }),
    await bench.run({ startedBy: 'a' }),
  ];
  await bench.clock.advance(60_000);
  expect((await bench.client.send(new ListTasksCommand({ cluster, startedBy: 'a' }))).taskArns).toEqual([
    arns[0],
    arns[2],
  ]);
  const first = await bench.client.send(new ListTasksCommand({ cluster, maxResults: 2 }));
  const second = await bench.client.send(new ListTasksCommand({ cluster, maxResults: 2, nextToken: first.nextToken }));
  expect([...(first.taskArns ?? []), ...(second.taskArns ?? [])]).toEqual(arns);
  expect(second.nextToken).toBeUndefined();
  await expect(bench.client.send(new ListTasksCommand({ cluster, startedBy: 'a', family: 'web' }))).rejects.toThrow(
    'only filter',
  );
  await bench.client.send(new StopTaskCommand({ cluster, task: arns[0] }));
  expect((await bench.client.send(new ListTasksCommand({ cluster, desiredStatus: 'STOPPED' }))).taskArns).toEqual([
    arns[0],
  ]);
  expect((await bench.client.send(new ListTasksCommand({ cluster, desiredStatus: 'PENDING' }))).taskArns).toEqual([]);
});

test('Spot interruption and retirement stop a task from outside', async () => {
  await bench.register();
  const spot = await bench.run({
    launchType: undefined,
    capacityProviderStrategy: [{ capacityProvider: 'FARGATE_SPOT' }],
  });
  const plain = await bench.run();
  await bench.clock.advance(60_000);
  bench.fake.interruptSpot(spot);
  bench.fake.retire(plain);
  await bench.clock.advance(60_000);
  expect(await bench.describe(spot)).toMatchObject({
    stopCode: 'SpotInterruption',
    capacityProviderName: 'FARGATE_SPOT',
  });
  expect(await bench.describe(plain)).toMatchObject({ stopCode: 'TerminationNotice' });
});

test('capacity that is lacking is a failure of the answer or an error of the call', async () => {
  await bench.register();
  const reason = 'Capacity is unavailable at this time. Please try again later or in a different availability zone';
  bench.fake.habits.capacity = () => ({ reason });
  const { tasks, failures } = await bench.tryRun();
  expect({ tasks, failures }).toEqual({ tasks: [], failures: [{ reason }] });
  bench.fake.habits.capacity = () => ({ reason, throw: 'ClientException' });
  await expect(bench.run()).rejects.toMatchObject({ name: 'ClientException', message: reason });
});

test('a subnet without addresses stops the task with its reason', async () => {
  await bench.register();
  const [subnet] = bench.site.ec2.subnets.values();
  if (subnet) subnet.AvailableIpAddressCount = 0;
  const taskArn = await bench.run();
  await bench.clock.advance(60_000);
  expect((await bench.describe(taskArn))?.stoppedReason).toContain('InsufficientFreeAddressesInSubnet');
});

test('events can be lost, doubled and late', async () => {
  await bench.register();
  bench.fake.habits.events.copies = () => 2;
  bench.fake.habits.events.drop = () => bench.events.length >= 2;
  await bench.run();
  await bench.clock.advance(60_000);
  expect(bench.events.map(({ detail }) => detail.lastStatus)).toEqual(['PENDING', 'PENDING']);
  expect(bench.events[0]?.id).toBe(bench.events[1]?.id);
});

test('a command is taken only once the agent runs', async () => {
  await bench.register();
  const taskArn = await bench.run({ enableExecuteCommand: true });
  const execute = () =>
    bench.client.send(new ExecuteCommandCommand({ cluster, task: taskArn, command: 'sh', interactive: true }));
  await bench.clock.advance(23_000);
  await expect(execute()).rejects.toMatchObject({ name: 'TargetNotConnectedException' });
  await bench.clock.advance(60_000);
  expect((await execute()).session).toMatchObject({ streamUrl: expect.stringMatching(/^ws:/) });
});

test('the published bucket of RunTask empties, and fills again with time', async () => {
  await bench.register();
  bench.fake.habits.throttle = true;
  let accepted = 0;
  const refused: unknown[] = [];
  for (let count = 0; count < 30; count++) {
    await bench.run().then(
      () => accepted++,
      (error) => refused.push(error.name),
    );
  }
  expect(accepted).toBe(20);
  expect(new Set(refused)).toEqual(new Set(['ThrottlingException']));
  await bench.clock.advance(1_000);
  await bench.run();
});

test('a cluster that is gone is not found', async () => {
  await bench.register();
  await bench.client.send(new DeleteClusterCommand({ cluster }));
  await expect(bench.run()).rejects.toMatchObject({ name: 'ClusterNotFoundException' });
});
