/** The bad habits that are not one service's own, and the rights of callers, seen through ECS. */
import { once } from 'node:events';
import { createServer } from 'node:http';
import {
  CreateClusterCommand,
  ECSClient,
  ListTasksCommand,
  RunTaskCommand,
  StopTaskCommand,
} from '@aws-sdk/client-ecs';
import { AssumeRoleCommand, STSClient } from '@aws-sdk/client-sts';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { waitFor } from '../support/wait-for.ts';
import { AwsError } from './aws-error.ts';
import { cluster, type EcsBench, region, startEcsBench } from './ecs/ecs-bench.ts';
import { defaultAccount } from './front-door.ts';
import type { PolicyDocument } from './policies.ts';

let bench: EcsBench;
beforeEach(async () => {
  bench = await startEcsBench();
  await bench.register();
});
afterEach(() => bench.close());

test('a lost reply of RunTask leaves a task, which the same token finds', async () => {
  bench.fake.habits.loseReply = (action) => action === 'ecs:RunTask';
  await expect(bench.run({ clientToken: 'once' })).rejects.toThrow();
  bench.fake.habits.loseReply = () => false;
  const taskArn = await bench.run({ clientToken: 'once' });
  await bench.clock.advance(60_000);
  expect((await bench.client.send(new ListTasksCommand({ cluster }))).taskArns).toEqual([taskArn]);
});

test('an action can be refused with any error, and every call is recorded with how it ended', async () => {
  bench.fake.habits.refuse = (action) =>
    action === 'ecs:RunTask' ? new AwsError('ServerException', 'Service Unavailable', 500) : undefined;
  await expect(bench.run()).rejects.toMatchObject({ name: 'ServerException' });
  const calls = bench.fake.calls.map(({ action, error }) => [action, error]);
  expect(calls).toEqual([
    ['ecs:CreateCluster', undefined],
    ['ecs:RegisterTaskDefinition', undefined],
    ['ecs:RunTask', 'ServerException'],
  ]);
});

test('events that are late in different ways come out of order', async () => {
  let delay = 40_000;
  bench.fake.habits.events.delayMs = () => {
    delay -= 10_000;
    return delay;
  };
  await bench.run();
  await bench.clock.advance(120_000);
  const versions = bench.events.map(({ detail }) => Number(detail.version));
  expect(versions.length).toBeGreaterThan(2);
  expect(versions).not.toEqual(versions.toSorted((a, b) => a - b));
});

test('events are posted to a URL', async () => {
  const bodies: string[] = [];
  const server = createServer((request, response) => {
    request.setEncoding('utf8').on('data', (text: string) => bodies.push(text));
    request.on('end', () => response.end());
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  const stop = bench.fake.events.postTo(`http://127.0.0.1:${typeof address === 'object' ? address?.port : ''}/`);
  await bench.run();
  await bench.clock.advance(12_000);
  await waitFor(() => bodies.length === 1);
  expect(JSON.parse(bodies[0] ?? '')).toMatchObject({ source: 'aws.ecs', detail: { lastStatus: 'PENDING' } });
  stop();
  server.close();
});

const role = `arn:aws:iam::${defaultAccount}:role/run`;
const clientWith = (policy: PolicyDocument['Statement']) => {
  const credentials = bench.fake.addUser(defaultAccount, [{ Version: '2012-10-17', Statement: policy }]);
  return new ECSClient({ region, endpoint: bench.fake.url, credentials, maxAttempts: 1 });
};
const runInput = () => {
  const [subnet = ''] = bench.site.ec2.subnets.keys();
  const networkConfiguration = { awsvpcConfiguration: { subnets: [subnet] } };
  return { cluster, taskDefinition: 'web', launchType: 'FARGATE' as const, networkConfiguration };
};

test('who runs a task must be allowed to pass its roles, and to tag it', async () => {
  const run = { Effect: 'Allow' as const, Action: 'ecs:RunTask', Resource: '*' };
  const pass = {
    Effect: 'Allow' as const,
    Action: 'iam:PassRole',
    Resource: role,
    Condition: { StringEquals: { 'iam:PassedToService': 'ecs-tasks.amazonaws.com' } },
  };
  const attempt = (policy: PolicyDocument['Statement'], more = {}) =>
    clientWith(policy).send(new RunTaskCommand({ ...runInput(), ...more }));
  await expect(attempt([run])).rejects.toThrow(`not authorized to perform: iam:PassRole on resource: ${role}`);
  await attempt([run, pass]);
  const tagged = { tags: [{ key: 'tenant', value: 'a' }] };
  await expect(attempt([run, pass], tagged)).rejects.toThrow('ecs:TagResource');
  const tag = { ...run, Action: 'ecs:TagResource', Condition: { StringEquals: { 'ecs:CreateAction': 'RunTask' } } };
  await attempt([run, pass, tag], tagged);
});

test('a condition on the cluster keeps a caller in its own', async () => {
  const arn = bench.site.arn('ecs', `cluster/${cluster}`);
  const narrow = clientWith([
    { Effect: 'Allow', Action: 'ecs:*', Resource: '*', Condition: { ArnEquals: { 'ecs:cluster': arn } } },
  ]);
  await narrow.send(new ListTasksCommand({ cluster }));
  await expect(narrow.send(new ListTasksCommand({ cluster: 'other' }))).rejects.toMatchObject({
    name: 'AccessDeniedException',
  });
  await expect(narrow.send(new CreateClusterCommand({ clusterName: 'other' }))).rejects.toThrow('ecs:CreateCluster');
});

test("a session's tag is a variable of its policies", async () => {
  const endpoint = bench.fake.url;
  const sts = new STSClient({ region, endpoint, credentials: bench.fake.addUser() });
  // biome-ignore lint/suspicious/noTemplateCurlyInString: a variable of IAM's, not of ours
  const Condition = { StringEquals: { 'aws:ResourceTag/tenant': '${aws:PrincipalTag/tenant}' } };
  const Statement = { Effect: 'Allow', Action: 'ecs:StopTask', Resource: '*', Condition };
  const stopAs = async (tenant: string, task: string) => {
    const { Credentials } = await sts.send(
      new AssumeRoleCommand({
        RoleArn: role,
        RoleSessionName: `of-${tenant}`,
        Tags: [{ Key: 'tenant', Value: tenant }],
        Policy: JSON.stringify({ Version: '2012-10-17', Statement }),
      }),
    );
    const { AccessKeyId = '', SecretAccessKey = '', SessionToken = '' } = Credentials ?? {};
    const credentials = { accessKeyId: AccessKeyId, secretAccessKey: SecretAccessKey, sessionToken: SessionToken };
    return new ECSClient({ region, endpoint, credentials, maxAttempts: 1 }).send(
      new StopTaskCommand({ cluster, task }),
    );
  };
  const task = await bench.run({ tags: [{ key: 'tenant', value: 'a' }] });
  await expect(stopAs('b', task)).rejects.toMatchObject({ name: 'AccessDeniedException' });
  await stopAs('a', task);
});
