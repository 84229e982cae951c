/** The sweep function's role at work: the provider on the fake of AWS, whose IAM knows the calls of ECS, S3, ECR and CloudWatch Logs. */
import { CreateClusterCommand, RunTaskCommand, StopTaskCommand } from '@aws-sdk/client-ecs';
import { CreateBucketCommand } from '@aws-sdk/client-s3';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { systemIds } from '../../src/domain/clock.ts';
import { createClients } from '../../src/providers/aws/clients.ts';
import { defaultAccount } from '../aws-fake/front-door.ts';
import { inProcessHandler } from '../aws-fake/in-process.ts';
import type { PolicyDocument } from '../aws-fake/policies.ts';
import { awsSettings } from '../providers/aws/aws-settings.ts';
import { type RunsBench, startRunsBench } from '../providers/aws/runs-bench.ts';
import { account, list, region, statementsOf, textOf } from './iam.ts';
import { synthesised } from './synthesised.ts';

const prefix = 'longshore-test';
const home = 'eu-west-1';
const bucket = `${prefix}-${defaultAccount}-${home}`;
/** Of whose requests the fake's IAM knows neither resources nor conditions; test/infra/provider-grants.test.ts does. */
const unknown = ['ec2', 'elasticfilesystem', 'servicediscovery'];

let bench: RunsBench;
let clients: ReturnType<typeof createClients>;

/** The role's policies as the deployed template has them. */
function policyOf(roleName: string): PolicyDocument {
  const Statement = statementsOf(synthesised(), roleName).map((statement) => ({
    Effect: statement.Effect,
    Action: list(statement.Action),
    Resource: list(statement.Resource).map(textOf),
    Condition: JSON.parse(JSON.stringify(statement.Condition ?? {}), (_, value) =>
      typeof value === 'object' && value !== null && !Array.isArray(value) && isIntrinsic(value)
        ? textOf(value)
        : value,
    ),
  }));
  const known = Statement.filter(
    ({ Action }) => !Action.every((action) => unknown.includes(action.split(':')[0] ?? '')),
  );
  const text = JSON.stringify(known).replaceAll(account, defaultAccount).replaceAll(region, home);
  const rest = { Effect: 'Allow' as const, Action: unknown.map((service) => `${service}:*`), Resource: '*' };
  return { Version: '2012-10-17', Statement: [...JSON.parse(text), rest] };
}

const isIntrinsic = (value: object): boolean => /^(Ref|Fn::.*)$/.test(Object.keys(value)[0] ?? '');

beforeAll(async () => {
  bench = await startRunsBench();
  const requestHandler = inProcessHandler(bench.fake, bench.fake.site);
  const credentials = bench.fake.addUser(defaultAccount, [policyOf(`${prefix}-sweep`)]);
  clients = createClients({ region: home, endpoint: bench.fake.url, credentials, requestHandler });
  await bench.clients.s3.send(new CreateBucketCommand({ Bucket: bucket }));
});
afterAll(() => bench.close());

const role = (kind: string) => `arn:aws:iam::${defaultAccount}:role/${prefix}/tenants/${prefix}-${kind}`;

test('a container is made, started, seen, stopped and destroyed with nothing but its rights', async () => {
  const settings = awsSettings({
    ...{ prefix, bucket, vpcId: bench.aws.ec2.vpc.VpcId, subnetIds: [...bench.aws.ec2.subnets.keys()] },
    ...{ executionRole: role('exec'), taskRole: role('task') },
  });
  const provider = bench.anotherProvider({ clients, settings });
  await bench.hold(bench.tenantId, settings);
  const input = bench.input();
  const { handle } = await bench.passing(provider.create(input, bench.live));
  const run = { key: input.key, handle };
  await bench.passing(provider.start(run, bench.live));
  const seen = async (phase: string) => {
    for (let looks = 0; looks < 200; looks++) {
      const look = await bench.observe(run, provider);
      if (look.kind === 'present' && look.phase === phase && look.starting !== true) return;
      await bench.passing(bench.time.sleep(500));
    }
    throw new Error(`it did not become ${phase}`);
  };
  await seen('running');
  const owned = await bench.passing(provider.listOwned(bench.live));
  expect(owned.filter(({ kind }) => kind === 'container').map(({ key }) => key)).toEqual([input.key]);
  await bench.passing(provider.stop(run, 'TERM', 10, bench.live));
  await seen('exited');
  await bench.passing(provider.destroy(run, bench.live));
  expect(bench.fake.calls.filter(({ error }) => /AccessDenied/.test(error ?? ''))).toEqual([]);
  const used = new Set(bench.fake.calls.map(({ action }) => action));
  for (const action of [
    'ecs:CreateCluster',
    'ecs:RegisterTaskDefinition',
    'ecs:RunTask',
    'ecs:StopTask',
    'ecs:DescribeTasks',
    'logs:CreateLogGroup',
    'logs:PutRetentionPolicy',
  ]) {
    expect(used).toContain(action);
  }
});

test("they reach neither another's cluster, nor another's role", async () => {
  const tags = [{ key: 'longshore:install', value: 'x' }];
  const denied = { name: 'AccessDeniedException' };
  await expect(clients.ecs.send(new CreateClusterCommand({ clusterName: 'shop', tags }))).rejects.toMatchObject(denied);
  await expect(
    clients.ecs.send(new StopTaskCommand({ cluster: 'shop', task: systemIds.hex64().slice(0, 32) })),
  ).rejects.toMatchObject(denied);
  const [taskDefinition] = [...bench.aws.ecs.families.keys()].filter((family) => family.startsWith(prefix));
  const overrides = { taskRoleArn: `arn:aws:iam::${defaultAccount}:role/admin` };
  const passing = { cluster: `${prefix}-${bench.tenantId}`, taskDefinition, overrides };
  await expect(clients.ecs.send(new RunTaskCommand(passing))).rejects.toMatchObject(denied);
});
