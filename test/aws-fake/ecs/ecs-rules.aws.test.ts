/** What ECS refuses on Fargate although the model allows it, with its reason. */
import {
  DeleteTaskDefinitionsCommand,
  DeregisterTaskDefinitionCommand,
  type RegisterTaskDefinitionCommandInput,
  type RunTaskCommandInput,
} from '@aws-sdk/client-ecs';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { type EcsBench, startEcsBench } from './ecs-bench.ts';

let bench: EcsBench;
beforeAll(async () => {
  bench = await startEcsBench();
});
afterAll(() => bench.close());

test.each<[string, Partial<RegisterTaskDefinitionCommandInput>, string]>([
  ['a size Fargate does not have', { memory: '4096' }, 'No Fargate configuration exists'],
  ['another network', { networkMode: 'bridge' }, 'awsvpc'],
  [
    'no execution role for secrets',
    { executionRoleArn: undefined, ...main({ secrets: [{ name: 'A', valueFrom: 'x' }] }) },
    'execution role',
  ],
  ['privilege', main({ privileged: true }), 'privileged'],
  ['devices', main({ linuxParameters: { devices: [{ hostPath: '/dev/null' }] } }), 'devices'],
  ['tmpfs', main({ linuxParameters: { tmpfs: [{ containerPath: '/t', size: 1 }] } }), 'tmpfs'],
  ['a host volume', { volumes: [{ name: 'v', host: { sourcePath: '/etc' } }] }, 'sourcePath'],
  ['a volume that is not there', main({ mountPoints: [{ sourceVolume: 'v', containerPath: '/v' }] }), 'Unknown volume'],
  ['a longer stop timeout', main({ stopTimeout: 121 }), 'stop timeout'],
  ['another port on the host', main({ portMappings: [{ containerPort: 80, hostPort: 8080 }] }), 'must match'],
  ['a hasty health check', main({ healthCheck: { command: ['CMD', 'true'], interval: 1 } }), 'interval'],
  [
    'logs without a prefix',
    main({ logConfiguration: { logDriver: 'awslogs', options: { 'awslogs-group': 'g', 'awslogs-region': 'r' } } }),
    'awslogs-stream-prefix',
  ],
  ['a capability', main({ linuxParameters: { capabilities: { add: ['NET_ADMIN'] } } }), 'NET_ADMIN'],
  ['hosts', main({ extraHosts: [{ hostname: 'a', ipAddress: '1.1.1.1' }] }), 'extraHosts'],
])('a task definition with %s is refused', async (_what, more, message) => {
  await expect(bench.register(more)).rejects.toMatchObject({
    name: 'ClientException',
    message: expect.stringContaining(message),
  });
  expect(bench.fake.violations).toEqual([]);
});

test.each<[string, Partial<RunTaskCommandInput>, string]>([
  ['no network', { networkConfiguration: undefined }, 'Network Configuration must be provided'],
  ['a strange subnet', { networkConfiguration: { awsvpcConfiguration: { subnets: ['subnet-0'] } } }, 'subnet-0'],
  [
    'too many overrides',
    { overrides: { containerOverrides: [{ name: 'main', command: ['x'.repeat(8200)] }] } },
    '8192',
  ],
  ['an override of nobody', { overrides: { containerOverrides: [{ name: 'other' }] } }, 'other'],
  ['a strange startedBy', { startedBy: 'no spaces' }, 'startedBy'],
  ['eleven tasks', { count: 11 }, 'count'],
  ['both ways to place', { capacityProviderStrategy: [{ capacityProvider: 'FARGATE' }] }, 'Specifying both'],
  ['the tags of a service', { propagateTags: 'SERVICE' }, 'propagateTags'],
])('a run with %s is refused', async (_what, more, message) => {
  await bench.register();
  await expect(bench.run(more)).rejects.toMatchObject({
    name: 'InvalidParameterException',
    message: expect.stringContaining(message),
  });
});

test('a task definition can be deleted once it is deregistered', async () => {
  await bench.register({ family: 'old' });
  const remove = () => bench.client.send(new DeleteTaskDefinitionsCommand({ taskDefinitions: ['old:1'] }));
  expect((await remove()).failures).toMatchObject([{ reason: expect.stringContaining('ACTIVE') }]);
  await bench.client.send(new DeregisterTaskDefinitionCommand({ taskDefinition: 'old:1' }));
  await expect(bench.run({ taskDefinition: 'old' })).rejects.toThrow('TaskDefinition not found');
  expect((await remove()).taskDefinitions).toMatchObject([{ status: 'DELETE_IN_PROGRESS' }]);
  expect((await bench.register({ family: 'old' })).taskDefinition?.revision).toBe(2);
});

function main(more: object): Partial<RegisterTaskDefinitionCommandInput> {
  return { containerDefinitions: [{ name: 'main', image: 'example.org/app:1', ...more }] };
}
