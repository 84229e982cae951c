/** What the tests of ECS share: a fake on a clock that they move, with a cluster, a task definition and ways to run it. */
import {
  CreateClusterCommand,
  DescribeTasksCommand,
  ECSClient,
  RegisterTaskDefinitionCommand,
  type RegisterTaskDefinitionCommandInput,
  RunTaskCommand,
  type RunTaskCommandInput,
} from '@aws-sdk/client-ecs';
import { expect } from 'vitest';
import { manualClock } from '../clock.ts';
import type { BusEvent } from '../events/event-bus.ts';
import { defaultAccount } from '../front-door.ts';
import { realHabits } from '../habits.ts';
import { virtualRuntime } from '../runtime/virtual.ts';
import { startAwsFake } from '../server.ts';

export const region = 'eu-west-1';
export const cluster = 'tenants';
const role = `arn:aws:iam::${defaultAccount}:role/run`;

export type EcsBench = Awaited<ReturnType<typeof startEcsBench>>;

/** With AWS's real delays, and without its limits. */
export async function startEcsBench() {
  const clock = manualClock();
  const runtime = virtualRuntime();
  const fake = await startAwsFake({ clock, runtime, habits: { ...realHabits(), throttle: false } });
  const client = new ECSClient({ region, endpoint: fake.url, credentials: fake.addUser(), maxAttempts: 1 });
  await client.send(new CreateClusterCommand({ clusterName: cluster, capacityProviders: ['FARGATE', 'FARGATE_SPOT'] }));
  const events: BusEvent[] = [];
  fake.events.subscribe((event) => void events.push(event));
  const site = fake.site(defaultAccount, region);

  const register = (more: Partial<RegisterTaskDefinitionCommandInput> = {}) =>
    client.send(
      new RegisterTaskDefinitionCommand({
        family: 'web',
        requiresCompatibilities: ['FARGATE'],
        networkMode: 'awsvpc',
        cpu: '256',
        memory: '512',
        taskRoleArn: role,
        executionRoleArn: role,
        containerDefinitions: [{ name: 'main', image: 'example.org/app:1' }],
        ...more,
      }),
    );

  const tryRun = (more: Partial<RunTaskCommandInput> = {}) =>
    client.send(
      new RunTaskCommand({
        cluster,
        taskDefinition: 'web',
        launchType: 'FARGATE',
        networkConfiguration: { awsvpcConfiguration: { subnets: [[...site.ec2.subnets.keys()][0] ?? ''] } },
        ...more,
      }),
    );

  /** The ARN of the one task. */
  const run = async (more?: Partial<RunTaskCommandInput>) => {
    const { tasks = [], failures } = await tryRun(more);
    expect(failures).toEqual([]);
    return tasks[0]?.taskArn ?? '';
  };

  const describe = async (taskArn: string) => {
    const answer = await client.send(new DescribeTasksCommand({ cluster, tasks: [taskArn], include: ['TAGS'] }));
    return answer.tasks?.[0];
  };

  const close = async () => {
    expect(fake.failures).toEqual([]);
    await fake.close();
  };
  return { clock, runtime, fake, client, events, site, register, tryRun, run, describe, close };
}
