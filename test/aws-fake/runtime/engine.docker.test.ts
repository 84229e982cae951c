/** Tasks as real containers: image from ECR, environment, logs, exit codes, networks and volumes. */
import { afterAll, beforeAll, expect, test } from 'vitest';
import { memoryHog } from '../../support/memory-hog.ts';
import { waitFor } from '../../support/wait-for.ts';
import { defaultAccount } from '../front-door.ts';

import { type EngineBench, region, startEngineBench } from './engine-bench.ts';

let bench: EngineBench;
beforeAll(async () => {
  bench = await startEngineBench();
});
afterAll(async () => {
  const { failures, violations } = bench.fake;
  await bench.fake.close();
  expect({ failures, violations }).toEqual({ failures: [], violations: [] });
});

test('a task runs its command with its environment and secrets, and leaves lines and an exit code', async () => {
  const { site } = bench;
  const arn = site.secrets.newArn('key');
  const version = {
    id: 'a',
    stages: ['AWSCURRENT'],
    text: '{"part":"hidden"}',
    binary: undefined,
    createdAt: site.now(),
  };
  const secret = { arn, name: 'key', description: undefined, tags: [], createdAt: site.now(), deletedAt: undefined };
  site.secrets.secrets.set('key', { ...secret, versions: [version] });
  const definition = await bench.register({
    command: ['sh', '-c', 'echo $A $B $C; id -u >&2; pwd; exit 7'],
    environment: [
      { name: 'A', value: 'one' },
      { name: 'B', value: 'two' },
    ],
    secrets: [{ name: 'C', valueFrom: `${arn}:part::` }],
    user: '65534',
    workingDirectory: '/tmp',
  });
  const taskArn = await bench.run(definition, {
    overrides: { containerOverrides: [{ name: 'main', environment: [{ name: 'B', value: 'changed' }] }] },
  });
  const task = await bench.reach(taskArn, 'STOPPED');
  expect(task).toMatchObject({ stopCode: 'EssentialContainerExited', containers: [{ exitCode: 7 }] });
  expect(task.containers?.[0]?.imageDigest).toMatch(/^sha256:/);
  expect((await bench.lines(taskArn)).sort()).toEqual(['/tmp', '65534', 'one changed hidden']);
});

test('a task is stopped by its signal, and killed when it does not listen', async () => {
  const listening = await bench.register({
    command: ['sh', '-c', 'trap "echo bye; exit 3" TERM; echo up; while :; do sleep 0.1; done'],
  });
  const deaf = await bench.register({
    command: ['sh', '-c', 'trap "" TERM; echo up; while :; do sleep 0.1; done'],
    stopTimeout: 2,
  });
  const arns = [await bench.run(listening), await bench.run(deaf)] as const;
  for (const taskArn of arns) {
    await bench.reach(taskArn, 'RUNNING');
    await waitFor(async () => (await bench.lines(taskArn)).includes('up'));
    await bench.stop(taskArn);
  }
  expect(await bench.reach(arns[0], 'STOPPED')).toMatchObject({
    stopCode: 'UserInitiated',
    containers: [{ exitCode: 3 }],
  });
  expect(await bench.reach(arns[1], 'STOPPED')).toMatchObject({ containers: [{ exitCode: 137 }] });
  expect(await bench.lines(arns[0])).toEqual(['up', 'bye']);
});

test('an init process, dropped capabilities, limits and a read-only root are as they are asked for', async () => {
  const taskArn = await bench.run(
    await bench.register({
      command: ['sh', '-c', 'cat /proc/1/comm; ulimit -n; grep CapEff /proc/self/status; touch /x 2>&1'],
      linuxParameters: { initProcessEnabled: true, capabilities: { drop: ['ALL'] } },
      ulimits: [{ name: 'nofile', softLimit: 1000, hardLimit: 1000 }],
      readonlyRootFilesystem: true,
    }),
  );
  expect(await bench.reach(taskArn, 'STOPPED')).toMatchObject({
    startedAt: expect.any(Date),
    containers: [{ exitCode: 1 }],
  });
  expect(await bench.lines(taskArn)).toEqual([
    'docker-init',
    '1000',
    'CapEff:\t0000000000000000',
    'touch: /x: Read-only file system',
  ]);
});

test('a command that is not there keeps the task from starting', async () => {
  const taskArn = await bench.run(await bench.register({ command: ['/no/such'] }));
  const task = await bench.reach(taskArn, 'STOPPED');
  expect(task.stopCode).toBe('TaskFailedToStart');
  expect(task.containers?.[0]?.reason).toMatch(/^CannotStartContainerError: .*no such file/);
});

test('an image that is not in the repository cannot be pulled', async () => {
  const taskArn = await bench.run(await bench.register({ image: bench.image.replace(':1', ':2') }));
  const { stoppedReason } = await bench.reach(taskArn, 'STOPPED');
  expect(stoppedReason).toMatch(/^CannotPullContainerError: .*not found/);
});

test('memory beyond the limit ends the container with the reason', async () => {
  const taskArn = await bench.run(await bench.register({ command: memoryHog, memory: 16 }));
  const task = await bench.reach(taskArn, 'STOPPED');
  expect(task.containers).toMatchObject([{ exitCode: 137, reason: expect.stringContaining('OutOfMemoryError') }]);
});

test('containers of a task share their network and start in order, and a helper may end', async () => {
  const helper = {
    name: 'helper',
    image: bench.image,
    essential: false,
    command: ['sh', '-c', 'echo ready > /shared/state'],
    mountPoints: [{ sourceVolume: 'shared', containerPath: '/shared' }],
  };
  const server = {
    name: 'server',
    image: bench.image,
    command: ['sh', '-c', 'while :; do echo hello | nc -l -p 7000; done'],
    stopTimeout: 1,
  };
  const main = {
    command: ['sh', '-c', 'cat /shared/state; until nc 127.0.0.1 7000 </dev/null; do sleep 0.1; done'],
    dependsOn: [
      { containerName: 'helper', condition: 'SUCCESS' as const },
      { containerName: 'server', condition: 'START' as const },
    ],
    mountPoints: [{ sourceVolume: 'shared', containerPath: '/shared' }],
  };
  const definition = await bench.register(main, {
    containerDefinitions: [helper, server],
    volumes: [{ name: 'shared' }],
  });
  const taskArn = await bench.run(definition);
  await bench.reach(taskArn, 'STOPPED');
  expect(await bench.lines(taskArn)).toEqual(['ready', 'hello']);
});

test('tasks reach each other through a security group that lets them, and not from another', async () => {
  const { ec2 } = bench.site;
  const [own, other] = ['own', 'other'].map((name) => ec2.addGroup(name, name, ec2.vpc.VpcId)) as [string, string];
  for (const id of [own, other]) {
    ec2.groups.get(id)?.IpPermissions?.push({ IpProtocol: '-1', UserIdGroupPairs: [{ GroupId: id }] });
  }
  const server = await bench.register({
    command: ['sh', '-c', 'while :; do echo hello | nc -l -p 7000; done'],
    stopTimeout: 1,
  });
  const serverArn = await bench.run(server, {}, [own]);
  const running = await bench.reach(serverArn, 'RUNNING');
  const address = running.containers?.[0]?.networkInterfaces?.[0]?.privateIpv4Address ?? '';
  const look = `for i in 1 2 3 4 5; do timeout 1 nc ${address} 7000 </dev/null && exit 0; sleep 0.2; done; exit 9`;
  const client = await bench.register({ command: ['sh', '-c', look] });
  const resultIn = async (group: string) => {
    const taskArn = await bench.run(client, {}, [group]);
    const { containers: [container] = [] } = await bench.reach(taskArn, 'STOPPED');
    const lines = await bench.lines(taskArn);
    return { exitCode: container?.exitCode, heard: lines.includes('hello') };
  };
  expect(await resultIn(own)).toEqual({ exitCode: 0, heard: true });
  expect(await resultIn(other)).toEqual({ exitCode: 9, heard: false });
  await bench.stop(serverArn);
  await bench.reach(serverArn, 'STOPPED');
});

test('a name of Cloud Map leads to its instance', async () => {
  const { ec2, names } = bench.site;
  const group = ec2.addGroup('named', 'named', ec2.vpc.VpcId);
  ec2.groups.get(group)?.IpPermissions?.push({ IpProtocol: '-1', UserIdGroupPairs: [{ GroupId: group }] });
  names.namespaces.set('ns-1', { shown: { Id: 'ns-1', Name: 'a.internal' }, token: undefined });
  const instances = new Map();
  names.services.set('srv-1', {
    shown: { Id: 'srv-1', Name: 'web', NamespaceId: 'ns-1' },
    instances,
    token: undefined,
  });
  const serverArn = await bench.run(
    await bench.register({ command: ['sh', '-c', 'while :; do echo hello | nc -l -p 7000; done'], stopTimeout: 1 }),
    {},
    [group],
  );
  const running = await bench.reach(serverArn, 'RUNNING');
  const address = running.containers?.[0]?.networkInterfaces?.[0]?.privateIpv4Address ?? '';
  instances.set('task', { Id: 'task', Attributes: { AWS_INSTANCE_IPV4: address } });
  const look =
    'nslookup -type=a web.a.internal | tail -n +3; until nc web.a.internal 7000 </dev/null; do sleep 0.1; done';
  const clientArn = await bench.run(await bench.register({ command: ['sh', '-c', look] }), {}, [group]);
  await bench.reach(clientArn, 'STOPPED');
  const lines = await bench.lines(clientArn);
  expect(lines).toContainEqual(expect.stringContaining(address));
  expect(lines.at(-1)).toBe('hello');
  await bench.stop(serverArn);
  await bench.reach(serverArn, 'STOPPED');
});

test('an access point of EFS keeps its files from one task to the next, for its own user', async () => {
  const { efs } = bench.site;
  const { FileSystemId: fileSystemId } = efs.addFileSystem('token', bench.site.now());
  const accessPointId = efs.newAccessPointId();
  const CreationInfo = { OwnerUid: 1000, OwnerGid: 1000, Permissions: '0755' };
  efs.accessPoints.set(accessPointId, { AccessPointId: accessPointId, RootDirectory: { Path: '/t/a', CreationInfo } });
  const authorizationConfig = { accessPointId, iam: 'ENABLED' as const };
  const volumes = [
    {
      name: 'data',
      efsVolumeConfiguration: { fileSystemId, transitEncryption: 'ENABLED' as const, authorizationConfig },
    },
  ];
  const runWith = async (command: string) => {
    const mountPoints = [{ sourceVolume: 'data', containerPath: '/data' }];
    const main = { command: ['sh', '-c', command], user: '1000', mountPoints };
    const taskArn = await bench.run(await bench.register(main, { volumes }));
    await bench.reach(taskArn, 'STOPPED');
    return bench.lines(taskArn);
  };
  await runWith('echo kept > /data/file');
  expect(await runWith('cat /data/file')).toEqual(['kept']);
});

test('a health check shows what it says', async () => {
  const healthCheck = { command: ['CMD-SHELL', 'test -e /tmp/well'], interval: 5, timeout: 2, retries: 1 };
  const taskArn = await bench.run(
    await bench.register({ command: ['sh', '-c', 'touch /tmp/well; sleep 600'], healthCheck, stopTimeout: 1 }),
  );
  await bench.reach(taskArn, 'RUNNING');
  await waitFor(async () => (await bench.describe(taskArn)).healthStatus === 'HEALTHY', { timeoutMs: 20_000 });
  await bench.stop(taskArn);
  await bench.reach(taskArn, 'STOPPED');
});

test('docker login, push and pull obey the rights of who asked for the login', async () => {
  const resource = `arn:aws:ecr:${region}:${defaultAccount}:repository/b/*`;
  const Statement = [
    { Effect: 'Allow' as const, Action: 'ecr:GetAuthorizationToken', Resource: '*' },
    { Effect: 'Allow' as const, Action: 'ecr:*', Resource: resource },
  ];
  const user = bench.fake.addUser(defaultAccount, [{ Version: '2012-10-17', Statement }]);
  const { accessKeyId } = user;
  const identity = bench.fake.identities.find({ accessKeyId, sessionToken: undefined });
  const { password } = bench.fake.logins.issue(defaultAccount, region, identity);
  const host = new URL(bench.fake.url).host;
  const list = (repository: string) =>
    fetch(`http://${host}/v2/${repository}/tags/list`, {
      headers: { authorization: `Basic ${Buffer.from(`AWS:${password}`).toString('base64')}` },
    });
  const refused = await list('a/busybox');
  expect({ status: refused.status, text: await refused.text() }).toEqual({
    status: 403,
    text: expect.stringContaining('not authorized to perform: ecr:ListImages'),
  });
  expect((await list('b/none')).status).toBe(404);
  expect((await fetch(`http://${host}/v2/`)).status).toBe(401);
});
