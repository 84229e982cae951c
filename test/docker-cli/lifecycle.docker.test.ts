/** The life of a container through the plain CLI: every verb, what ps and inspect say of it, terminals, signals, exit codes. */
import { once } from 'node:events';
import { afterEach, expect, test } from 'vitest';
import { openDoor } from '../support/door.ts';
import { waitFor } from '../support/wait-for.ts';

const { app, a: docker, b: other } = await openDoor();

afterEach(async () => {
  const ids = await docker.ok(['ps', '-aq']);
  if (ids !== '') await docker.ok(['rm', '-fv', ...ids.split('\n')]);
});

const inspect = (name: string, format: string) => docker.ok(['inspect', '-f', format, name]);
const run = (name: string, ...command: string[]) => docker.ok(['run', '-d', '--name', name, app.image, ...command]);
const ps = (...filters: string[]) =>
  docker.ok(['ps', '-a', '--format', '{{.Names}}', ...filters.flatMap((filter) => ['--filter', filter])]);

test('create, start, stop, restart and rm do what they say, and ps and inspect tell', async () => {
  const id = await docker.ok(['create', '--name', 'one', '--label', 'a=b', app.image, 'sleep', '600']);
  expect(id).toMatch(/^[0-9a-f]{64}$/);
  expect(await inspect('one', '{{.State.Status}} {{.Id}} {{.Name}}')).toBe(`created ${id} /one`);
  await docker.ok(['start', 'one']);
  await docker.ok(['start', 'one']);
  expect(await inspect('one', '{{.State.Running}} {{.Config.Image}}')).toBe(`true ${app.image}`);
  const started = await inspect('one', '{{.State.StartedAt}}');
  await docker.ok(['restart', '-t', '1', 'one']);
  expect(await inspect('one', '{{.State.StartedAt}}')).not.toBe(started);
  await docker.ok(['stop', '-t', '1', 'one']);
  await docker.ok(['stop', 'one']);
  expect(await inspect('one', '{{.State.Status}} {{.State.ExitCode}}')).toBe('exited 137');
  expect(await docker.run(['rm', 'missing'])).toMatchObject({ exitCode: 1 });
  expect(await docker.ok(['rm', 'one'])).toBe('one');
  expect(await docker.run(['inspect', 'one'])).toMatchObject({ exitCode: 1 });
  expect(await docker.run(['rm', '-f', 'one'])).toMatchObject({ exitCode: 0 });
});

test('ps shows what its filters ask for', async () => {
  await run('up', 'sleep', '600');
  await docker.ok(['run', '--name', 'down', '--label', 'tier=web', app.image, 'sh', '-c', 'exit 3']).catch(() => '');
  await docker.ok(['create', '--name', 'new', '--label', 'tier=db', app.image, 'true']);
  expect(await docker.ok(['ps', '--format', '{{.Names}}'])).toBe('up');
  expect(await ps()).toBe('new\ndown\nup');
  expect(await ps('status=exited')).toBe('down');
  expect(await ps('status=created', 'label=tier=db')).toBe('new');
  expect(await ps('label=tier')).toBe('new\ndown');
  expect(await ps('exited=3')).toBe('down');
  expect(await ps('name=w')).toBe('new\ndown');
  expect(await ps('since=down')).toBe('new');
  expect(await ps('before=down')).toBe('up');
  const running = (filter: string) => docker.ok(['ps', '--format', '{{.Names}}', '--filter', filter]);
  expect([await running('before=down'), await running('since=down')]).toEqual(['up', '']);
  expect(await ps('since=up', 'status=exited')).toBe('down');
  expect(await ps(`ancestor=${app.image}`)).toBe('new\ndown\nup');
  expect(await docker.ok(['ps', '-aq', '--no-trunc', '-n', '1'])).toBe(await inspect('new', '{{.Id}}'));
  expect(await docker.run(['ps', '--filter', 'nope=1'])).toMatchObject({
    exitCode: 1,
    stderr: expect.stringContaining("nvalid filter 'nope'"),
  });
  expect(await other.ok(['ps', '-aq'])).toBe('');
});

test('pause holds the processes still, and unpause lets them go on', async () => {
  await run('ticking', 'sh', '-c', 'while true; do date +%s; sleep 0.2; done');
  await docker.ok(['pause', 'ticking']);
  expect(await inspect('ticking', '{{.State.Status}} {{.State.Paused}}')).toBe('paused true');
  expect(await docker.run(['pause', 'ticking'])).toMatchObject({ exitCode: 1 });
  expect(await docker.run(['exec', 'ticking', 'true'])).toMatchObject({ exitCode: 1 });
  await docker.ok(['unpause', 'ticking']);
  expect(await inspect('ticking', '{{.State.Status}}')).toBe('running');
});

test('kill sends the signal, and stop kills what does not end in time', async () => {
  await run('trapping', 'sh', '-c', 'trap "echo got hup" HUP; trap "" TERM; while true; do sleep 0.1; done');
  await waitFor(async () => {
    await docker.ok(['kill', '-s', 'HUP', 'trapping']);
    return (await docker.ok(['logs', 'trapping'])).includes('got hup');
  });
  await docker.ok(['stop', '-t', '1', 'trapping']);
  expect(await inspect('trapping', '{{.State.ExitCode}}')).toBe('137');
  expect(await docker.run(['kill', 'trapping'])).toMatchObject({ exitCode: 1 });
  expect(await docker.run(['kill', '-s', 'NOPE', 'trapping'])).toMatchObject({ exitCode: 1 });
});

test('rename gives the old name back', async () => {
  await docker.ok(['create', '--name', 'old', app.image, 'true']);
  await docker.ok(['rename', 'old', 'new']);
  expect(await docker.run(['create', '--name', 'new', app.image, 'true'])).toMatchObject({
    exitCode: 1,
    stderr: expect.stringContaining('already in use'),
  });
  await docker.ok(['create', '--name', 'old', app.image, 'true']);
  expect(await ps()).toBe('old\nnew');
});

test('start -a shows what it says and ends with its exit code', async () => {
  await docker.ok(['create', '--name', 'again', app.image, 'sh', '-c', 'echo hello; exit 5']);
  for (let turn = 0; turn < 2; turn++) {
    expect(await docker.run(['start', '-a', 'again'])).toEqual({ exitCode: 5, stdout: 'hello\n', stderr: '' });
  }
  expect(await docker.ok(['logs', 'again'])).toBe('hello\nhello');
});

test.each([0, 1, 42, 125, 126, 127, 255])('run ends with the exit code %i of its command', async (code) => {
  const done = await docker.run(['run', '--rm', app.image, 'sh', '-c', `exit ${code}`]);
  expect(done.exitCode).toBe(code);
});

test('what cannot be executed ends run with 126, what cannot be made with 125', async () => {
  expect((await docker.run(['run', '--rm', app.image, '/etc'])).exitCode).toBe(126);
  expect((await docker.run(['run', '--rm', '--privileged', app.image, 'true'])).exitCode).toBe(125);
  expect((await docker.run(['run', '--rm', '--network', 'nope', app.image, 'true'])).exitCode).toBe(125);
});

/** The CLI wants a terminal for -t: `script` gives it one. */
const onTerminal = (...args: string[]) => {
  const words = args.map((word) => `'${word}'`).join(' ');
  return docker.script(`stty rows 31 cols 101; docker ${words}`);
};

test('run -it and exec -it have a terminal of the size of the client', async () => {
  const ran = await onTerminal('run', '-it', '--rm', app.image, 'sh', '-c', 'sleep 1; stty size; tty');
  expect(ran.stdout).toContain('31 101');
  expect(ran.stdout).toContain('/dev/pts/');
  await run('box', 'sleep', '600');
  expect((await onTerminal('exec', '-it', 'box', 'sh', '-c', 'sleep 1; stty size; exit 6')).stdout).toContain('31 101');
});

test('Ctrl-C reaches the container through its client', async () => {
  const client = docker.start([
    'run',
    '--name',
    'proxied',
    app.image,
    'sh',
    '-c',
    'trap "exit 9" INT; echo up; while true; do sleep 0.1; done',
  ]);
  await waitFor(async () => (await docker.ok(['logs', 'proxied'])) === 'up');
  client.kill('SIGINT');
  const [exitCode] = await once(client, 'exit');
  expect(exitCode).toBe(9);
});

test('attach shows what comes, and ends with the container', async () => {
  await run('talker', 'sh', '-c', 'sleep 2; echo late; exit 4');
  expect(await docker.run(['attach', '--no-stdin', 'talker'])).toMatchObject({ exitCode: 4, stdout: 'late\n' });
});

test('exec takes environment, folder and user, and -d leaves it running', async () => {
  await run('box', 'sleep', '600');
  const shown = ['sh', '-c', 'echo $A; pwd; id -u'];
  expect(await docker.ok(['exec', '-e', 'A=1', '-w', '/tmp', '-u', '1000', 'box', ...shown])).toBe('1\n/tmp\n1000');
  await docker.ok(['exec', '-d', 'box', 'sh', '-c', 'sleep 0.3; echo done > /tmp/done']);
  await waitFor(async () => (await docker.run(['exec', 'box', 'cat', '/tmp/done'])).stdout === 'done\n');
  expect([126, 127]).toContain((await docker.run(['exec', 'box', 'no-such-command'])).exitCode);
  expect(await docker.run(['exec', '--privileged', 'box', 'true'])).toMatchObject({ exitCode: 1 });
});

test('logs know times, ends and both streams, and keep what has no newline as it is', async () => {
  await docker.ok(['run', '--name', 'words', app.image, 'sh', '-c', 'echo one; echo two >&2; printf three']);
  const logs = (...args: string[]) => docker.run(['logs', ...args, 'words']);
  expect(await logs()).toEqual({ exitCode: 0, stdout: 'one\nthree', stderr: 'two\n' });
  expect((await logs('--tail', '1')).stdout).toBe('three');
  expect((await logs('-t')).stdout).toMatch(/^\d{4}-\d\d-\d\dT[\d:]+\.\d{9}Z one\n/);
  expect((await logs('--since', '1h')).stdout).toBe('one\nthree');
  expect((await logs('--until', '2001-01-01T00:00:00')).stdout).toBe('');
});

test('wait answers the exit codes, container prune takes what has stopped', async () => {
  await run('slow', 'sh', '-c', 'sleep 1; exit 8');
  await run('other', 'sleep', '600');
  expect(await docker.ok(['wait', 'slow'])).toBe('8');
  expect(await docker.ok(['container', 'prune', '-f', '--filter', 'label=none'])).not.toContain('Deleted');
  expect(await docker.ok(['container', 'prune', '-f'])).toContain('Deleted Containers');
  expect(await ps()).toBe('other');
});

test('a restart policy brings it back, and rm -v takes its anonymous volumes', async () => {
  await docker.ok([
    'run',
    '-d',
    '--name',
    'phoenix',
    '--restart',
    'on-failure:2',
    '-v',
    '/data',
    app.image,
    'sh',
    '-c',
    'exit 1',
  ]);
  await waitFor(async () => (await inspect('phoenix', '{{.RestartCount}}')) === '2', { timeoutMs: 30_000 });
  const volume = await inspect('phoenix', '{{(index .Mounts 0).Name}}');
  await docker.ok(['rm', '-fv', 'phoenix']);
  await waitFor(async () => !(await docker.ok(['volume', 'ls', '-q'])).includes(volume));
});
