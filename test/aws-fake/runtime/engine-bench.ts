/** What the tests with real containers share: a fake on the Engine, an image in its ECR, and tasks to run. */
import { CloudWatchLogsClient, CreateLogGroupCommand, GetLogEventsCommand } from '@aws-sdk/client-cloudwatch-logs';
import { CreateRepositoryCommand, ECRClient, GetAuthorizationTokenCommand } from '@aws-sdk/client-ecr';
import {
  type ContainerDefinition,
  CreateClusterCommand,
  DescribeTasksCommand,
  ECSClient,
  RegisterTaskDefinitionCommand,
  type RegisterTaskDefinitionCommandInput,
  RunTaskCommand,
  type RunTaskCommandInput,
  StopTaskCommand,
} from '@aws-sdk/client-ecs';
import { busyboxImage, pushImage } from '../../support/base-images.ts';
import { openDocker, testDockerHost } from '../../support/engine.ts';
import { waitFor } from '../../support/wait-for.ts';
import { defaultAccount } from '../front-door.ts';
import { type AwsFakeOptions, startAwsFake } from '../server.ts';
import { engineRuntime } from './engine.ts';

export const region = 'eu-west-1';
const role = `arn:aws:iam::${defaultAccount}:role/run`;
const group = '/tenants/a';

export type EngineBench = Awaited<ReturnType<typeof startEngineBench>>;

export async function startEngineBench(options: AwsFakeOptions = {}) {
  const dockerHost = testDockerHost();
  const docker = openDocker(dockerHost);
  const runtime = engineRuntime({ docker, pauseImage: busyboxImage });
  const fake = await startAwsFake({ runtime, dockerHost, ...options });
  const settings = { region, endpoint: fake.url, credentials: fake.addUser(), maxAttempts: 1 };
  const ecs = new ECSClient(settings);
  const ecr = new ECRClient(settings);
  const logs = new CloudWatchLogsClient(settings);
  await ecs.send(new CreateClusterCommand({ clusterName: 'default' }));
  await logs.send(new CreateLogGroupCommand({ logGroupName: group }));
  await ecr.send(new CreateRepositoryCommand({ repositoryName: 'a/busybox' }));

  /** The login of GetAuthorizationToken, and where to push with it. */
  const login = async () => {
    const { authorizationData: [found] = [] } = await ecr.send(new GetAuthorizationTokenCommand({}));
    const [username = '', password = ''] = Buffer.from(found?.authorizationToken ?? '', 'base64')
      .toString()
      .split(':');
    return { host: new URL(found?.proxyEndpoint ?? '').host, credentials: { username, password } };
  };
  await pushImage(docker, busyboxImage, { ...(await login()), name: 'a/busybox:1' });
  const image = `${defaultAccount}.dkr.ecr.${region}.amazonaws.com/a/busybox:1`;

  const register = async (
    container: Partial<ContainerDefinition>,
    more: Partial<RegisterTaskDefinitionCommandInput> = {},
  ) => {
    const options = { 'awslogs-group': group, 'awslogs-region': region, 'awslogs-stream-prefix': 'c' };
    const main = { name: 'main', image, logConfiguration: { logDriver: 'awslogs' as const, options }, ...container };
    const { taskDefinition } = await ecs.send(
      new RegisterTaskDefinitionCommand({
        family: 'work',
        requiresCompatibilities: ['FARGATE'],
        networkMode: 'awsvpc',
        cpu: '256',
        memory: '512',
        taskRoleArn: role,
        executionRoleArn: role,
        containerDefinitions: [main, ...(more.containerDefinitions ?? [])],
        volumes: more.volumes,
      }),
    );
    return taskDefinition?.taskDefinitionArn ?? '';
  };

  const site = fake.site(defaultAccount, region);
  const run = async (taskDefinition: string, more: Partial<RunTaskCommandInput> = {}, securityGroups?: string[]) => {
    const subnets = [[...site.ec2.subnets.keys()][0] ?? ''];
    const networkConfiguration = { awsvpcConfiguration: { subnets, securityGroups } };
    const input = { taskDefinition, launchType: 'FARGATE' as const, networkConfiguration, ...more };
    const { tasks: [task] = [] } = await ecs.send(new RunTaskCommand(input));
    return task?.taskArn ?? '';
  };

  const describe = async (taskArn: string) => {
    const { tasks: [task] = [] } = await ecs.send(new DescribeTasksCommand({ tasks: [taskArn] }));
    if (!task) throw new Error(`no task ${taskArn}`);
    return task;
  };
  const reach = (taskArn: string, status: string) =>
    waitFor(
      async () => {
        const task = await describe(taskArn);
        if (task.lastStatus !== status && task.lastStatus === 'STOPPED') throw new Error(JSON.stringify(task));
        return task.lastStatus === status && task;
      },
      { timeoutMs: 60_000 },
    );
  const stop = (taskArn: string) => ecs.send(new StopTaskCommand({ task: taskArn }));

  const lines = async (taskArn: string, name = 'main') => {
    const logStreamName = `c/${name}/${taskArn.split('/').at(-1)}`;
    const { events = [] } = await logs.send(
      new GetLogEventsCommand({ logGroupName: group, logStreamName, startFromHead: true }),
    );
    return events.map(({ message }) => message);
  };
  return { fake, docker, settings, ecs, ecr, logs, site, image, login, register, run, describe, reach, stop, lines };
}
