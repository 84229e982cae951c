/** One container over AWS, from its image to its removal, through the plain docker CLI. */
import { expect, test } from 'vitest';
import { openAwsDoor } from '../support/aws-door.ts';
import { waitFor } from '../support/wait-for.ts';

const { a, b, account, image } = await openAwsDoor();

const talk = 'trap "echo bye; exit 3" TERM; echo "hello of $HOSTNAME"; while :; do sleep 0.1; done';

test('a container lives on AWS as on an Engine: pull, run, ps, logs, exec, stop, start, rm', {
  timeout: 180_000,
}, async () => {
  expect(await a.ok(['pull', image])).toContain(`Status: Downloaded newer image for ${image}`);
  const id = await a.ok(['run', '-d', '--name', 'box', '-e', 'COLOUR=blue', image, 'sh', '-c', talk]);
  expect(id).toMatch(/^[0-9a-f]{64}$/);
  const status = () => a.ok(['ps', '-a', '--format', '{{.Names}} {{.State}}']);
  await waitFor(async () => (await status()) === 'box running', { timeoutMs: 60_000 });
  const tasks = [...account.site.ecs.tasks.values()];
  expect(tasks.map(({ task }) => task.lastStatus)).toEqual(['RUNNING']);

  await waitFor(async () => (await a.ok(['logs', 'box'])).includes('hello of'), { timeoutMs: 30_000 });
  const said = await a.run(['exec', 'box', 'sh', '-c', 'echo $COLOUR; echo no >&2; exit 7']);
  expect(said).toEqual({ exitCode: 7, stdout: 'blue\n', stderr: 'no\n' });

  await a.ok(['stop', '-t', '20', 'box']);
  expect(await status()).toBe('box exited');
  expect(await a.ok(['inspect', 'box', '--format', '{{.State.ExitCode}} {{.Id}}'])).toBe(`3 ${id}`);
  await a.ok(['start', 'box']);
  await waitFor(async () => (await status()) === 'box running', { timeoutMs: 60_000 });
  const whole = await waitFor(
    async () => {
      const lines = (await a.ok(['logs', 'box'])).split('\n');
      return lines.length === 3 && lines;
    },
    { timeoutMs: 30_000 },
  );
  expect(whole).toEqual([expect.stringContaining('hello of'), 'bye', expect.stringContaining('hello of')]);
  expect(await a.ok(['inspect', 'box', '--format', '{{.Id}}'])).toBe(id);

  expect((await b.run(['logs', 'box'])).stderr).toContain('No such container: box');
  await a.ok(['rm', '-f', 'box']);
  expect(await status()).toBe('');
  expect([...account.site.ecs.tasks.values()].filter(({ task }) => task.lastStatus !== 'STOPPED')).toEqual([]);
  await a.ok(['rmi', image]);
});
