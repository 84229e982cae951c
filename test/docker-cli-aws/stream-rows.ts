/** Rows of the commands that carry what goes in and comes out of containers. */
import { expect } from 'vitest';
import { waitFor } from '../support/wait-for.ts';
import { type Bench, patient, type Rows } from './row.ts';

export function streamRows({ a, box, image, started, logged }: Bench): Rows {
  const counting = 'for i in 1 2 3; do echo line $i; done';
  return {
    run: {
      checks: 'the output and the exit code of a command in the foreground',
      check: async () => {
        const done = await a.run(['run', '--rm', image, 'sh', '-c', 'echo out; exit 5']);
        expect(done).toMatchObject({ exitCode: 5, stdout: 'out\n' });
      },
    },
    'start -a': {
      checks: 'the output of this start and of no earlier one, and its exit code',
      check: async () => {
        await a.ok(['create', '--name', 'attached', image, 'sh', '-c', 'echo once; exit 4']);
        const first = await a.run(['start', '-a', 'attached']);
        expect(first).toMatchObject({ exitCode: 4, stdout: 'once\n' });
        expect(await a.run(['start', '-a', 'attached'])).toMatchObject({ exitCode: 4, stdout: 'once\n' });
        await a.ok(['rm', 'attached']);
      },
    },
    attach: {
      checks: 'what it writes from then on, until it ends',
      check: async () => {
        const name = await started(
          [],
          'sh',
          '-c',
          'echo up; while ! [ -e /go ]; do sleep 0.1; done; echo went; exit 6',
        );
        await logged(name, 'up');
        const attached = a.run(['attach', '--no-stdin', name]);
        await waitFor(
          async () =>
            (await a.ok(['events', '--since', '0', '--until', soon(), '--filter', `container=${name}`])).includes(
              'attach',
            ),
          patient,
        );
        await a.ok(['exec', name, 'touch', '/go']);
        expect(await attached).toMatchObject({ exitCode: 6, stdout: 'went\n' });
        await a.ok(['rm', name]);
      },
    },
    exec: {
      checks: 'both streams apart, and the exit code',
      check: async () => {
        const done = await a.run(['exec', box, 'sh', '-c', 'echo out; echo err >&2; exit 9']);
        expect(done).toEqual({ exitCode: 9, stdout: 'out\n', stderr: 'err\n' });
      },
    },
    'exec -d': {
      checks: 'it is done, and nobody waits',
      check: async () => {
        await a.ok(['exec', '-d', box, 'touch', '/tmp/done']);
        await waitFor(async () => (await a.run(['exec', box, 'test', '-e', '/tmp/done'])).exitCode === 0, patient);
      },
    },
    'exec -e': {
      checks: 'the command has the variable',
      check: async () => expect(await a.ok(['exec', '-e', 'A=b c', box, 'sh', '-c', 'echo "$A"'])).toBe('b c'),
    },
    'exec -w': {
      checks: 'the command is in the folder',
      check: async () => expect(await a.ok(['exec', '-w', '/tmp', box, 'pwd'])).toBe('/tmp'),
    },
    'exec -u': {
      checks: 'the command is the user',
      check: async () => expect(await a.ok(['exec', '-u', 'nobody', box, 'id', '-un'])).toBe('nobody'),
    },
    'exec -i': {
      checks: '256 KiB go in and come out, bit by bit',
      check: async () => {
        const input = 'x0123456789abcde'.repeat(16 * 1024);
        const done = await a.run(['exec', '-i', box, 'cat'], { input });
        expect(done).toMatchObject({ exitCode: 0, stderr: '' });
        expect(done.stdout === input).toBe(true);
      },
    },
    'exec -t': {
      checks: 'a terminal, and its exit code',
      check: async () => {
        const done = await a.script(`docker exec -t ${box} sh -c 'test -t 1 && echo terminal; exit 3'`);
        expect(done.stdout).toContain('terminal');
        expect(done.exitCode).toBe(3);
      },
    },
    logs: {
      checks: 'every line, in order',
      check: async () => {
        const name = await started([], 'sh', '-c', counting);
        expect(await logged(name, 'line 3')).toBe('line 1\nline 2\nline 3');
        await a.ok(['rm', '-f', name]);
      },
    },
    'logs -f': {
      checks: 'what comes later, until it ends',
      check: async () => {
        const name = await started([], 'sh', '-c', 'echo first; sleep 2; echo last');
        expect(await a.ok(['logs', '-f', name])).toBe('first\nlast');
        await a.ok(['rm', '-f', name]);
      },
    },
    'logs --tail': {
      checks: 'the last lines only',
      check: async () => {
        const name = await started([], 'sh', '-c', counting);
        await logged(name, 'line 3');
        expect(await a.ok(['logs', '--tail', '2', name])).toBe('line 2\nline 3');
        await a.ok(['rm', '-f', name]);
      },
    },
    'logs --since': {
      checks: 'nothing from before',
      check: async () => {
        expect(await a.ok(['logs', '--since', '2000-01-01T00:00:00Z', box])).toBe('up');
        expect(await a.ok(['logs', '--since', soon(), box])).toBe('');
      },
    },
    'logs --until': {
      checks: 'nothing from after',
      check: async () => {
        expect(await a.ok(['logs', '--until', '2000-01-01T00:00:00Z', box])).toBe('');
        expect(await a.ok(['logs', '--until', soon(), box])).toBe('up');
      },
    },
    'logs -t': {
      checks: 'when each line came',
      check: async () => expect(await a.ok(['logs', '-t', box])).toMatch(/^\d{4}-\d\d-\d\dT[\d:.]+Z up$/),
    },
  };
}

const soon = (): string => String(Math.ceil(Date.now() / 1000) + 2);
