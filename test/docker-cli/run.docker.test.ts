/** docker run, attach, exec and their relatives through the plain CLI. */
import { once } from 'node:events';
import type { Readable } from 'node:stream';
import { text } from 'node:stream/consumers';
import { expect, test } from 'vitest';
import { openDoor } from '../support/door.ts';
import { waitFor } from '../support/wait-for.ts';

const { app, a, b } = await openDoor();

test('run shows what the command says on each stream, and ends with its exit code', async () => {
  const done = await a.run(['run', '--rm', app.image, 'sh', '-c', 'echo out; echo err >&2; exit 7']);
  expect(done).toEqual({ exitCode: 7, stdout: 'out\n', stderr: 'err\n' });
  expect(await a.ok(['ps', '-aq'])).toBe('');
});

test('run -i passes three megabytes through', async () => {
  const input = Buffer.alloc(3 * 1024 * 1024, 'x');
  const done = await a.run(['run', '-i', '--rm', app.image, 'wc', '-c'], { input });
  expect(done).toMatchObject({ exitCode: 0, stdout: `${input.length}\n` });
});

test('what comes after the end of the input is not lost', async () => {
  const done = await a.run(['run', '-i', '--rm', app.image, 'sh', '-c', 'cat; sleep 1; echo late; exit 3'], {
    input: 'early\n',
  });
  expect(done).toMatchObject({ exitCode: 3, stdout: 'early\nlate\n' });
});

test('exec -i passes three megabytes through and ends with the exit code of its command', async () => {
  await a.ok(['run', '-d', '--name', 'box', app.image, 'sleep', '300']);
  const input = Buffer.alloc(3 * 1024 * 1024, 'y');
  const done = await a.run(['exec', '-i', 'box', 'sh', '-c', 'wc -c; exit 9'], { input });
  expect(done).toMatchObject({ exitCode: 9, stdout: `${input.length}\n` });
  expect(await b.run(['exec', 'box', 'true'])).toMatchObject({ exitCode: 1 });
  await a.ok(['rm', '-f', 'box']);
});

test('a command that is not there ends run with 127, and leaves nothing behind with --rm', async () => {
  const done = await a.run(['run', '--rm', app.image, 'no-such-command']);
  expect(done).toMatchObject({ exitCode: 127, stderr: expect.stringContaining('executable file not found') });
  await waitFor(async () => (await a.ok(['ps', '-aq'])) === '');
});

test('logs -f follows a container to its end', async () => {
  await a.ok(['run', '-d', '--name', 'talker', app.image, 'sh', '-c', 'for i in 1 2 3; do echo $i; sleep 0.3; done']);
  expect(await a.ok(['logs', '-f', 'talker'])).toBe('1\n2\n3');
  expect(await a.ok(['wait', 'talker'])).toBe('0');
  expect(await a.ok(['logs', '--tail', '1', 'talker'])).toBe('3');
  expect(await b.run(['logs', 'talker'])).toMatchObject({ exitCode: 1 });
  await a.ok(['rm', 'talker']);
});

test('a stopped client of run leaves the container to its own', async () => {
  const client = a.start(['run', '--name', 'left', '--sig-proxy=false', app.image, 'sleep', '300']);
  await waitFor(async () => (await a.ok(['ps', '-q', '--filter', 'name=^left$'])) !== '');
  client.kill('SIGKILL');
  await once(client, 'close');
  expect(await a.ok(['ps', '-q', '--filter', 'status=running'])).not.toBe('');
  await a.ok(['rm', '-f', 'left']);
});

test('attach passes input on and shows what comes of it; who leaves by --detach-keys leaves the container running', async () => {
  await a.ok(['run', '-di', '--name', 'echo', app.image, 'sh', '-c', 'while read line; do echo got $line; done']);
  const client = a.start(['attach', 'echo']);
  let said = '';
  client.stdout?.on('data', (chunk) => {
    said += chunk;
  });
  for (const word of ['one', 'two']) {
    client.stdin?.write(`${word}\n`);
    await waitFor(() => said.endsWith(`got ${word}\n`));
  }
  client.kill('SIGKILL');
  await once(client, 'close');
  const running = (name: string) => a.ok(['inspect', '-f', '{{.State.Running}}', name]);
  expect(await running('echo')).toBe('true');
  await a.ok(['rm', '-f', 'echo']);
  await a.script(`docker run -it --name left --detach-keys x ${app.image} cat`, 'x');
  expect(await running('left')).toBe('true');
  await a.ok(['rm', '-f', 'left']);
});

test('start -ai takes input, and a shell on a terminal takes what is typed', async () => {
  await a.ok(['create', '-i', '--name', 'cat', app.image, 'cat']);
  expect(await a.run(['start', '-ai', 'cat'], { input: 'typed\n' })).toMatchObject({ exitCode: 0, stdout: 'typed\n' });
  await a.ok(['rm', 'cat']);
  const shell = await a.script(`docker run -it --rm ${app.image} sh`, 'echo $((6*7)); exit 8\n');
  expect(shell).toMatchObject({ exitCode: 8, stdout: expect.stringContaining('\n42\r\n') });
});

test.each(['TERM', 'HUP', 'USR1'] as const)('SIG%s of the client reaches the container', async (signal) => {
  const script = `trap "echo heard; exit 12" ${signal}; echo up; while :; do sleep 0.1; done`;
  const client = a.start(['run', '--rm', '--name', 'proxied', app.image, 'sh', '-c', script]);
  const said = text(client.stdout as Readable);
  await waitFor(async () => (await a.ok(['logs', 'proxied'])) === 'up');
  client.kill(`SIG${signal}`);
  const [exitCode] = await once(client, 'exit');
  expect([exitCode, await said]).toEqual([12, 'up\nheard\n']);
});

test('who is ended by a signal ends run with 128 and its number', async () => {
  const ended = await a.run(['run', '--rm', app.image, 'sh', '-c', 'kill -9 $$']);
  // The first process of a container takes no signal of its own but that one from outside.
  expect([0, 137]).toContain(ended.exitCode);
  const client = a.start(['run', '--name', 'killed', app.image, 'sleep', '300']);
  await waitFor(async () => (await a.ok(['ps', '-q', '--filter', 'name=killed'])) !== '');
  const over = once(client, 'exit');
  await a.ok(['kill', 'killed']);
  expect((await over)[0]).toBe(137);
  await a.ok(['rm', 'killed']);
});

test('wait answers for each of several, in the order of their names', async () => {
  for (const code of [3, 4]) {
    await a.ok(['run', '-d', '--name', `w${code}`, app.image, 'sh', '-c', `sleep 0.${code}; exit ${code}`]);
  }
  await a.ok(['run', '-d', '--name', 'w0', app.image, 'sh', '-c', 'sleep 1']);
  expect(await a.ok(['wait', 'w0', 'w4', 'w3'])).toBe('0\n4\n3');
  const missing = await a.run(['wait', 'w3', 'missing']);
  expect(missing).toMatchObject({ exitCode: 1, stdout: '3\n', stderr: expect.stringContaining('No such container') });
  await a.ok(['rm', 'w0', 'w3', 'w4']);
});

test('logs knows since and until to the nanosecond, and times that are said as a distance', async () => {
  await a.ok(['run', '--name', 'timed', app.image, 'sh', '-c', 'for i in 1 2 3; do echo $i; sleep 0.3; done']);
  const lines = (await a.ok(['logs', '-t', 'timed'])).split('\n');
  expect(lines.map((line) => line.split(' ')[1])).toEqual(['1', '2', '3']);
  const [first = '', second = ''] = lines.map((line) => line.split(' ')[0] ?? '');
  const logs = (...args: string[]) => a.ok(['logs', ...args, 'timed']);
  expect(await logs('--since', second)).toBe('2\n3');
  expect(await logs('--until', first)).toBe('1');
  expect(await logs('--since', second, '--until', second)).toBe('2');
  expect([await logs('--since', '1m'), await logs('--until', '1m'), await logs('--tail', '2')]).toEqual([
    ...['1\n2\n3', '', '2\n3'],
  ]);
  expect(await a.run(['logs', '--details', 'timed'])).toMatchObject({ stdout: ' 1\n 2\n 3\n' });
  expect([await logs('--tail', '0'), await logs('--tail', 'all', '--since', second)]).toEqual(['', '2\n3']);
  await a.ok(['rm', 'timed']);
});

test('a paused container writes nothing until it goes on', async () => {
  await a.ok(['run', '-d', '--name', 'tick', app.image, 'sh', '-c', 'while :; do echo tick; sleep 0.1; done']);
  const count = async () => (await a.ok(['logs', 'tick'])).split('\n').length;
  await a.ok(['pause', 'tick']);
  const held = await count();
  await a.ok(['run', '--rm', app.image, 'sleep', '1']);
  expect(await count()).toBe(held);
  await a.ok(['unpause', 'tick']);
  await waitFor(async () => (await count()) > held);
  await a.ok(['rm', '-f', 'tick']);
});
