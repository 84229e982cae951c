/** ECS Exec: a terminal in a task's container over a data channel, on a good network and on a bad one. */
import { createHash } from 'node:crypto';
import { ExecuteCommandCommand } from '@aws-sdk/client-ecs';
import { ResumeSessionCommand, SSMClient, TerminateSessionCommand } from '@aws-sdk/client-ssm';
import { afterAll, afterEach, beforeAll, expect, test } from 'vitest';
import { waitFor } from '../../support/wait-for.ts';
import { goodHabits } from '../habits.ts';
import { type EngineBench, startEngineBench } from '../runtime/engine-bench.ts';
import { openChannel } from './channel-client.ts';

let bench: EngineBench;
let ssm: SSMClient;
let taskArn: string;

beforeAll(async () => {
  bench = await startEngineBench();
  ssm = new SSMClient(bench.settings);
  const definition = await bench.register({ command: ['sleep', '3600'], user: '65534', stopTimeout: 0 });
  taskArn = await bench.run(definition, { enableExecuteCommand: true });
  await bench.reach(taskArn, 'RUNNING');
  await waitFor(
    async () => (await bench.describe(taskArn)).containers?.[0]?.managedAgents?.[0]?.lastStatus === 'RUNNING',
  );
});
afterEach(() => {
  Object.assign(bench.fake.habits.channel, goodHabits().channel);
  expect({ failures: bench.fake.failures, violations: bench.fake.violations }).toEqual({
    failures: [],
    violations: [],
  });
});
afterAll(() => bench.fake.close());

const execute = async (command: string) => {
  const input = { task: taskArn, container: 'main', command, interactive: true };
  const { session } = await bench.ecs.send(new ExecuteCommandCommand(input));
  if (!session) throw new Error('no session');
  return session;
};

const outputOf = async (command: string) => {
  const channel = openChannel(await execute(command));
  await channel.closed;
  return channel.output().toString();
};

test('a command runs as root on a terminal, without a shell in between', async () => {
  expect(await outputOf('id -u')).toBe('0\r\n');
  expect(await outputOf("echo '$HOME' && b")).toBe('$HOME && b\r\n');
  expect(await outputOf(`sh -c 'echo out; echo err >&2; printf "end:%d" "$?"'`)).toBe('out\r\nerr\r\nend:0');
});

test('input reaches the command, and its size is the one of the terminal', async () => {
  const channel = openChannel(await execute('sh'));
  channel.resize(132, 50);
  channel.send('stty size; echo "done"\r');
  await waitFor(() => channel.output().includes('50 132\r\ndone\r\n'));
  channel.send('exit\r');
  await channel.closed;
  expect(channel.controls).toMatchObject([{ type: 'channel_closed', content: { Output: '' } }]);
});

const digestOf = (data: Buffer) => createHash('sha256').update(data).digest('hex');
/** 4 MB that no terminal changes, and their digest behind them. */
const blob = `sh -c 'stty raw; head -c 4000000 /dev/urandom > /tmp/blob; cat /tmp/blob; sha256sum < /tmp/blob'`;
const expectWhole = (output: Buffer) => {
  expect(output.length).toBe(4_000_000 + 68);
  expect(output.subarray(4_000_000).toString()).toContain(digestOf(output.subarray(0, 4_000_000)));
};

test('four megabytes arrive bit by bit', async () => {
  const channel = openChannel(await execute(blob));
  await channel.closed;
  expectWhole(channel.output());
});

test('nothing is lost when messages and acknowledgements are lost, doubled and out of order', async () => {
  let count = 0;
  const every = (nth: number) => () => ++count % nth === 0;
  const bad = {
    loseOutput: every(977),
    duplicateOutput: every(7),
    swapOutput: every(11),
    loseAck: every(2),
    deafMs: 300,
  };
  Object.assign(bench.fake.habits.channel, bad);
  const channel = openChannel(await execute(blob.replaceAll('4000000', '200000')));
  await channel.closed;
  const output = channel.output();
  expect(output.subarray(200_000).toString()).toContain(digestOf(output.subarray(0, 200_000)));
});

test('a socket cut in mid-stream is resumed without loss', async () => {
  const session = await execute(blob);
  let frames = 0;
  bench.fake.habits.channel.cut = () => ++frames === 2000;
  const channel = openChannel(session);
  await channel.socketClosed();
  expect(channel.output().length).toBeLessThan(4_000_000);
  const resumed = await ssm.send(new ResumeSessionCommand({ SessionId: session.sessionId ?? '' }));
  channel.resume({ streamUrl: resumed.StreamUrl, tokenValue: resumed.TokenValue });
  await channel.closed;
  expectWhole(channel.output());
});

test('publication can be paused, and input meanwhile is a violation', async () => {
  const session = await execute('cat');
  const channel = openChannel(session);
  channel.send('a');
  await waitFor(() => channel.output().includes('a'));
  const held = bench.fake.sessions.sessions.get(session.sessionId ?? '')?.channel;
  held?.pause(true);
  await waitFor(() => channel.controls.some(({ type }) => type === 'pause_publication'));
  channel.send('b');
  await waitFor(() => bench.fake.violations.length > 0);
  expect(bench.fake.violations.splice(0)).toMatchObject([{ problem: expect.stringContaining('paused') }]);
  held?.pause(false);
  await ssm.send(new TerminateSessionCommand({ SessionId: session.sessionId ?? '' }));
  await channel.closed;
});

test('a token is good for one time, and a command that is not there says so', async () => {
  const session = await execute('cat');
  const first = openChannel(session);
  first.send('a');
  await waitFor(() => first.output().length > 0);
  const second = openChannel(session);
  await second.socketClosed();
  expect(bench.fake.violations.splice(0)).toMatchObject([{ problem: expect.stringContaining('wrong token') }]);
  await ssm.send(new TerminateSessionCommand({ SessionId: session.sessionId ?? '' }));
  await first.closed;
  await expect(ssm.send(new ResumeSessionCommand({ SessionId: session.sessionId ?? '' }))).rejects.toMatchObject({
    name: 'DoesNotExistException',
  });
  const missing = openChannel(await execute('/no/such'));
  await missing.closed;
  expect(missing.output().toString()).toContain('no such file or directory');
});
