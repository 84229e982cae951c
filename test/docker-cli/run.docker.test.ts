/** docker run, attach, exec and their relatives through the plain CLI. */
import { once } from 'node:events';
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
