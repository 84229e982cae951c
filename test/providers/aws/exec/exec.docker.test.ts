/** Commands in the container of a task, over a data channel to a real process, on a good network and on a bad one. */
import { createHash, randomBytes } from 'node:crypto';
import { afterAll, afterEach, beforeAll, expect, test } from 'vitest';
import type { ExecSpec } from '../../../../src/domain/exec.ts';
import { type ExecTarget, execIn } from '../../../../src/providers/aws/exec/exec.ts';
import type { Session } from '../../../../src/providers/provider.ts';
import { goodHabits } from '../../../aws-fake/habits.ts';
import { type EngineBench, region, startEngineBench } from '../../../aws-fake/runtime/engine-bench.ts';
import { waitFor } from '../../../support/wait-for.ts';
import { awsSite, type TestSite } from '../aws-site.ts';
import { startTarget } from './exec-bench.ts';

let bench: EngineBench;
let site: TestSite;
let target: ExecTarget;

beforeAll(async () => {
  bench = await startEngineBench();
  site = awsSite(bench.fake, region);
  target = await startTarget(bench, { command: ['sleep', '3600'] });
});
afterEach(() => {
  Object.assign(bench.fake.habits.channel, goodHabits().channel);
  expect({ failures: bench.fake.failures, violations: bench.fake.violations }).toEqual({
    failures: [],
    violations: [],
  });
});
afterAll(() => bench.fake.close());

const plain: ExecSpec = { command: [], env: {}, stdin: false, tty: false };
const shell = (script: string): ExecSpec => ({ ...plain, command: ['sh', '-c', script] });
const within = (seconds = 60) => ({ signal: AbortSignal.timeout(seconds * 1000) });

const read = async (session: Session) => {
  const chunks = { stdout: [] as Uint8Array[], stderr: [] as Uint8Array[] };
  for await (const { stream, data } of session.output) chunks[stream].push(data);
  return { stdout: Buffer.concat(chunks.stdout), stderr: Buffer.concat(chunks.stderr), code: await session.exit };
};
const outcome = async (spec: ExecSpec) => {
  const { stdout, stderr, code } = await read(await execIn(site, target, spec, within()));
  return { stdout: stdout.toString(), stderr: stderr.toString(), code };
};
const digest = (data: Uint8Array) => createHash('sha256').update(data).digest('hex');

test('both streams are told apart, and neither is a terminal', async () => {
  const script = 'echo out; echo err >&2; test -t 0 || test -t 1 || test -t 2 || echo no terminal; exit 7';
  expect(await outcome(shell(script))).toEqual({ stdout: 'out\nno terminal\n', stderr: 'err\n', code: 7 });
});

test('each line of input is there as soon as it is written', async () => {
  const session = await execIn(
    site,
    target,
    { ...shell('while read -r l; do echo "got $l"; done'), stdin: true },
    within(),
  );
  const output = session.output[Symbol.asyncIterator]();
  for (const line of ['one', 'two', 'three']) {
    await session.write(Buffer.from(`${line}\n`));
    let said = '';
    while (!said.endsWith('\n')) said += Buffer.from((await output.next()).value?.data ?? '\n').toString();
    expect(said).toBe(`got ${line}\n`);
  }
  await session.endInput();
  expect((await output.next()).done).toBe(true);
  expect(await session.exit).toBe(0);
});

test('every exit code comes back', { timeout: 300_000 }, async () => {
  const codes = Array.from({ length: 256 }, (_, code) => code);
  const seen: (number | null)[] = [];
  // A few at a time: each is a session of its own.
  for (let from = 0; from < codes.length; from += 16) {
    const some = codes.slice(from, from + 16);
    seen.push(...(await Promise.all(some.map(async (code) => (await outcome(shell(`exit ${code}`))).code))));
  }
  expect(seen).toEqual(codes);
  expect(await outcome(shell('kill -9 $$'))).toMatchObject({ code: 137 });
});

test('a command is not read by a shell, whatever is in it', async () => {
  const words = ["it's", '$HOME `id` $(id)', 'a\nb\n\nc', '', '*', ';', '\\n', '"', '# no', 'ünïcödé', '\t'];
  const { stdout, code } = await outcome({ ...plain, command: ['printf', '<%s>', ...words] });
  expect({ stdout, code }).toEqual({ stdout: words.map((word) => `<${word}>`).join(''), code: 0 });
});

test('environment, folder and user are those that were asked for, or those of the container', async () => {
  const env = { GREETING: 'a=b "c" $d', 'odd.name': 'x' };
  const script = 'echo "$GREETING"; pwd; id -un; echo $HOME';
  const asked = await outcome({ ...shell(script), env, workdir: '/tmp', user: 'nobody' });
  expect(asked).toEqual({ stdout: 'a=b "c" $d\n/tmp\nnobody\n/\n', stderr: '', code: 0 });
  expect((await outcome({ ...plain, command: ['env'], env })).stdout).toContain('\nodd.name=x\n');
  const session = await execIn(site, { ...target, user: '65534', workdir: '/etc' }, shell('pwd; id -u'), within());
  expect((await read(session)).stdout.toString()).toBe('/etc\n65534\n');
  await expect(outcome({ ...shell('id'), user: 'stranger' })).rejects.toMatchObject({
    code: 'unsupported',
    message: expect.stringContaining('stranger'),
  });
  expect(await outcome({ ...shell('id'), workdir: '/no/such' })).toMatchObject({ code: 126 });
});

test('a command that is not there ends with 127', async () => {
  expect(await outcome({ ...plain, command: ['no-such-command'] })).toMatchObject({ code: 127 });
  expect(await outcome({ ...plain, command: ['/etc/passwd'] })).toMatchObject({ code: 126 });
});

test('sixteen megabytes of anything arrive bit by bit', async () => {
  const script = 'head -c 16777216 /dev/urandom > /tmp/blob; cat /tmp/blob; sha256sum < /tmp/blob >&2';
  const { stdout, stderr, code } = await read(await execIn(site, target, shell(script), within(110)));
  expect({ bytes: stdout.length, code }).toEqual({ bytes: 16_777_216, code: 0 });
  expect(stderr.toString()).toContain(digest(stdout));
});

test('every byte goes in as it is, and the end of the input reaches the command', async () => {
  const data = Buffer.concat([Buffer.from(Array.from({ length: 256 }, (_, at) => at)), randomBytes(300_000)]);
  const session = await execIn(site, target, { ...shell('cat; echo end >&2; exit 3'), stdin: true }, within());
  const writing = (async () => {
    await session.write(data);
    await session.endInput();
  })();
  const { stdout, stderr, code } = await read(session);
  await writing;
  expect({ same: digest(stdout) === digest(data), stderr: stderr.toString(), code }).toEqual({
    ...{ same: true, stderr: 'end\n', code: 3 },
  });
});

test('a command that takes no input ends although its input does not', async () => {
  const session = await execIn(site, target, { ...shell('echo done; exit 4'), stdin: true }, within());
  const { stdout, code } = await read(session);
  expect({ stdout: stdout.toString(), code }).toEqual({ stdout: 'done\n', code: 4 });
});

test('much on the standard error arrives whole beside the output', async () => {
  const script = 'head -c 40000 /dev/urandom > /tmp/e; cat /tmp/e >&2; seq 1 5000; sha256sum < /tmp/e';
  const { stdout, stderr } = await read(await execIn(site, target, shell(script), within()));
  expect(stdout.toString()).toContain(digest(stderr));
});

test('a terminal is one, has the size it was given, mixes the streams and passes an interrupt on', async () => {
  const spec = { ...shell('tty; read go; stty size; echo err >&2; sleep 60'), stdin: true, tty: true };
  const session = await execIn(site, target, spec, within());
  await session.resize(101, 31);
  await session.write(Buffer.from('go\r'));
  let said = '';
  const reading = (async () => {
    for await (const { stream, data } of session.output) said += `${stream === 'stdout' ? '' : '!'}${data}`;
  })();
  await waitFor(() => said.includes('err\r\n'));
  expect(said).toContain('/dev/pts/');
  expect(said).toContain('31 101\r\n');
  await session.write(Buffer.from([3]));
  await reading;
  expect(await session.exit).toBe(130);
});

test('nothing is lost where messages are lost, doubled, late and unacknowledged', async () => {
  let count = 0;
  const every = (nth: number) => () => ++count % nth === 0;
  const { channel } = bench.fake.habits;
  Object.assign(channel, { loseOutput: every(97), duplicateOutput: every(7), swapOutput: every(11), deafMs: 300 });
  channel.loseAck = every(3);
  const data = randomBytes(60_000);
  const session = await execIn(site, target, { ...shell('cat'), stdin: true }, within());
  const writing = session.write(data).then(() => session.endInput());
  const { stdout, code } = await read(session);
  await writing;
  expect({ same: digest(stdout) === digest(data), code }).toEqual({ same: true, code: 0 });
});

test('sockets that are cut in mid-stream are resumed without loss, in both directions', async () => {
  let frames = 0;
  bench.fake.habits.channel.cut = () => [500, 1000, 1900].includes(++frames);
  const data = randomBytes(1_000_000);
  const session = await execIn(site, target, { ...shell('cat'), stdin: true }, within());
  const writing = session.write(data).then(() => session.endInput());
  const { stdout, code } = await read(session);
  await writing;
  expect({ same: digest(stdout) === digest(data), code }).toEqual({ same: true, code: 0 });
  expect(frames).toBeGreaterThan(1900);
});

test('no input is sent while the agent asks for silence', async () => {
  const before = new Set(bench.fake.sessions.sessions.keys());
  const session = await execIn(site, target, { ...shell('sleep 1; echo now; cat'), stdin: true }, within());
  const [id = ''] = [...bench.fake.sessions.sessions.keys()].filter((each) => !before.has(each));
  const agent = bench.fake.sessions.sessions.get(id)?.channel;
  agent?.pause(true);
  let said = '';
  const reading = (async () => {
    for await (const { data } of session.output) said += Buffer.from(data).toString();
  })();
  // What comes after the agent's wish was read after it.
  await waitFor(() => said === 'now\n');
  const writing = session.write(Buffer.from('after')).then(() => session.endInput());
  const patience = new Promise((resolve) => setTimeout(() => resolve('silence'), 500));
  expect(await Promise.race([writing, patience])).toBe('silence');
  agent?.pause(false);
  await Promise.all([reading, writing]);
  expect(said).toBe('now\nafter');
});

test('closing a session ends its output, its command, and leaves the exit code unknown', async () => {
  const session = await execIn(site, target, shell('echo ready; exec sleep 4242'), within());
  for await (const { data } of session.output) {
    expect(Buffer.from(data).toString()).toBe('ready\n');
    session.close();
  }
  expect(await session.exit).toBeNull();
  await waitFor(async () => !(await outcome(shell('ps'))).stdout.includes('sleep 4242'));
});

test('a task that is gone is not_found, and one without a shell says so', async () => {
  const gone = { ...target, taskArn: `${target.taskArn.slice(0, -4)}0000` };
  await expect(execIn(site, gone, shell('true'), within())).rejects.toMatchObject({ code: 'not_found' });
  const bare = await bench.register({
    entryPoint: ['/bin/busybox'],
    command: ['sh', '-c', 'rm /bin/sh; sleep 3600'],
    stopTimeout: 0,
  });
  const taskArn = await bench.run(bare, { enableExecuteCommand: true });
  await bench.reach(taskArn, 'RUNNING');
  await expect(execIn(site, { ...target, taskArn }, shell('true'), within())).rejects.toMatchObject({
    code: 'unsupported',
    message: expect.stringContaining('no shell'),
  });
});
