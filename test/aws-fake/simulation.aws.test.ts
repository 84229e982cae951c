/** The fake without sockets and processes, as a simulation uses it: in process, on a manual clock, with scripted commands. */
import {
  CreateClusterCommand,
  DescribeTasksCommand,
  ECSClient,
  ExecuteCommandCommand,
  RegisterTaskDefinitionCommand,
  RunTaskCommand,
} from '@aws-sdk/client-ecs';
import { CreateBucketCommand, GetObjectCommand, PutObjectCommand, S3Client } from '@aws-sdk/client-s3';
import { expect, test } from 'vitest';
import { manualClock } from './clock.ts';
import { defaultAccount } from './front-door.ts';
import { realHabits } from './habits.ts';
import { virtualRuntime } from './runtime/virtual.ts';
import { startAwsFake } from './server.ts';
import { openChannel } from './ssm/channel-client.ts';

const region = 'eu-west-1';

test('a thousand tasks go through their states in process, and are described a hundred at a time', async () => {
  const clock = manualClock();
  const fake = await startAwsFake({ clock, habits: { ...realHabits(), throttle: false } });
  const settings = { region, credentials: fake.addUser(), requestHandler: fake.requestHandler, endpoint: fake.url };
  const client = new ECSClient(settings);
  await client.send(new CreateClusterCommand({}));
  const main = { name: 'main', image: 'example.org/app:1' };
  await client.send(
    new RegisterTaskDefinitionCommand({
      family: 'web',
      requiresCompatibilities: ['FARGATE'],
      networkMode: 'awsvpc',
      cpu: '256',
      memory: '512',
      containerDefinitions: [main],
    }),
  );
  const subnets = [...fake.site(defaultAccount, region).ec2.subnets.keys()];
  const networkConfiguration = { awsvpcConfiguration: { subnets } };
  const arns: string[] = [];
  for (let count = 0; count < 100; count++) {
    const input = { taskDefinition: 'web', count: 10, launchType: 'FARGATE' as const, networkConfiguration };
    const { tasks = [] } = await client.send(new RunTaskCommand(input));
    arns.push(...tasks.map(({ taskArn = '' }) => taskArn));
  }
  await clock.advance(60_000);
  for (let at = 0; at < arns.length; at += 100) {
    const { tasks = [] } = await client.send(new DescribeTasksCommand({ tasks: arns.slice(at, at + 100) }));
    expect(new Set(tasks.map(({ lastStatus }) => lastStatus))).toEqual(new Set(['RUNNING']));
  }
  expect(fake.calls.filter(({ action }) => action === 'ecs:DescribeTasks')).toHaveLength(10);
  const s3 = new S3Client(settings);
  await s3.send(new CreateBucketCommand({ Bucket: 'bucket' }));
  await s3.send(new PutObjectCommand({ Bucket: 'bucket', Key: 'key', Body: 'text' }));
  const { Body } = await s3.send(new GetObjectCommand({ Bucket: 'bucket', Key: 'key' }));
  expect(await Body?.transformToString()).toBe('text');
  expect({ failures: fake.failures, violations: fake.violations }).toEqual({ failures: [], violations: [] });
  await fake.close();
});

test('a pretended container says what a test has it say', async () => {
  const runtime = virtualRuntime();
  runtime.onExec = (_container, command) => `${command.join(' ')}\r\n`;
  const fake = await startAwsFake({ runtime });
  const client = new ECSClient({ region, endpoint: fake.url, credentials: fake.addUser() });
  await client.send(new CreateClusterCommand({}));
  await client.send(
    new RegisterTaskDefinitionCommand({
      family: 'web',
      requiresCompatibilities: ['FARGATE'],
      networkMode: 'awsvpc',
      cpu: '256',
      memory: '512',
      taskRoleArn: `arn:aws:iam::${defaultAccount}:role/run`,
      containerDefinitions: [{ name: 'main', image: 'example.org/app:1' }],
    }),
  );
  const subnets = [...fake.site(defaultAccount, region).ec2.subnets.keys()];
  const { tasks: [task] = [] } = await client.send(
    new RunTaskCommand({
      taskDefinition: 'web',
      launchType: 'FARGATE',
      enableExecuteCommand: true,
      networkConfiguration: { awsvpcConfiguration: { subnets } },
    }),
  );
  const input = { task: task?.taskArn, command: "sh -c 'kill -USR1 1'", interactive: true };
  const { session } = await client.send(new ExecuteCommandCommand(input));
  const channel = openChannel(session ?? {});
  await channel.closed;
  expect(channel.output().toString()).toBe('sh -c kill -USR1 1\r\n');
  await fake.close();
});
