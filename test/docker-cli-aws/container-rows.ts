/** Rows of the commands that work on containers. */
import { expect } from 'vitest';
import { waitFor } from '../support/wait-for.ts';
import { type Bench, patient, type Rows } from './row.ts';

const forever = ['sh', '-c', 'trap "exit 3" TERM; echo up; while :; do sleep 0.1; done'];

export function containerRows(bench: Bench): Rows {
  const { a, b, box, image, started, logged, shown } = bench;
  const state = (name: string) => shown(name, '{{.State.Status}}');
  const reaches = (name: string, wanted: string) => waitFor(async () => (await state(name)) === wanted, patient);
  const gone = (name: string) => a.ok(['rm', '-f', name]);
  return {
    create: {
      checks: 'it is there, and no task of it',
      check: async () => {
        const before = bench.account.site.ecs.tasks.size;
        await a.ok(['create', '--name', 'made', image, 'true']);
        expect(await state('made')).toBe('created');
        expect(bench.account.site.ecs.tasks.size).toBe(before);
        await gone('made');
      },
    },
    ps: {
      checks: '-a, -q, filters and --format, and nothing of another tenant',
      check: async () => {
        expect(await a.ok(['ps', '--filter', 'label=role=box', '--format', '{{.Names}} {{.State}}'])).toBe(
          'box running',
        );
        expect((await a.ok(['ps', '-a', '-q', '--no-trunc'])).split('\n')).toContain(await shown(box, '{{.Id}}'));
        expect(await b.ok(['ps', '-a', '-q'])).toBe('');
      },
    },
    'container inspect': {
      checks: 'state, address and configuration',
      check: async () => {
        const [found] = JSON.parse(await a.ok(['container', 'inspect', box]));
        expect(found).toMatchObject({ Name: '/box', State: { Running: true }, Config: { Image: image } });
        expect(await shown(box, '{{range .NetworkSettings.Networks}}{{.IPAddress}}{{end}}')).toMatch(
          /^\d+\.\d+\.\d+\.\d+$/,
        );
      },
    },
    stop: {
      checks: 'TERM, then KILL when the grace is over',
      check: async () => {
        const polite = await started([], ...forever);
        const deaf = await started(
          ['--stop-timeout', '1'],
          'sh',
          '-c',
          'trap "" TERM; echo up; while :; do sleep 0.1; done',
        );
        await Promise.all([logged(polite, 'up'), logged(deaf, 'up')]);
        await a.ok(['stop', polite, deaf]);
        expect(await shown(polite, '{{.State.Status}} {{.State.ExitCode}}')).toBe('exited 3');
        expect(await shown(deaf, '{{.State.Status}} {{.State.ExitCode}}')).toBe('exited 137');
        await gone(polite);
        await gone(deaf);
        const other = await started([], 'sh', '-c', 'trap "exit 4" INT; echo up; while :; do sleep 0.1; done');
        await logged(other, 'up');
        await a.ok(['stop', '-s', 'INT', other]);
        expect(await shown(other, '{{.State.ExitCode}}')).toBe('4');
        await gone(other);
      },
    },
    start: {
      checks: 'the same id, another task, one log',
      check: async () => {
        const name = await started([], 'sh', '-c', 'echo again');
        await a.ok(['wait', name]);
        const id = await shown(name, '{{.Id}}');
        await a.ok(['start', name]);
        await waitFor(async () => (await a.ok(['logs', name])) === 'again\nagain', patient);
        expect(await shown(name, '{{.Id}}')).toBe(id);
        await gone(name);
      },
    },
    restart: {
      checks: 'it runs again, with its id',
      check: async () => {
        const name = await started([], ...forever);
        await logged(name, 'up');
        const before = await shown(name, '{{.Id}} {{.State.StartedAt}}');
        await a.ok(['restart', name]);
        await reaches(name, 'running');
        const [id, at] = before.split(' ');
        expect(await shown(name, '{{.Id}}')).toBe(id);
        expect(await shown(name, '{{.State.StartedAt}}')).not.toBe(at);
        await gone(name);
      },
    },
    pause: {
      checks: 'its processes stand still, and it says so',
      check: async () => {
        await a.ok(['pause', box]);
        expect(await a.ok(['ps', '--filter', 'name=box', '--format', '{{.State}}'])).toBe('paused');
        expect((await a.run(['exec', box, 'true'])).stderr).toContain('paused');
      },
    },
    unpause: {
      checks: 'they go on',
      check: async () => {
        await a.ok(['unpause', box]);
        expect(await state(box)).toBe('running');
      },
    },
    kill: {
      checks: 'it ends with 137',
      check: async () => {
        const name = await started([], ...forever);
        await logged(name, 'up');
        await a.ok(['kill', name]);
        await reaches(name, 'exited');
        expect(await shown(name, '{{.State.ExitCode}}')).toBe('137');
        await gone(name);
      },
    },
    'kill -s': {
      checks: 'the signal arrives, and the container decides',
      check: async () => {
        const name = await started([], 'sh', '-c', 'trap "echo got it" USR1; echo up; while :; do sleep 0.1; done');
        await logged(name, 'up');
        await a.ok(['kill', '-s', 'USR1', name]);
        await logged(name, 'got it');
        expect(await state(name)).toBe('running');
        await gone(name);
      },
    },
    rename: {
      checks: 'the new name finds it, the old one does not',
      check: async () => {
        const name = await started([], 'sleep', '300');
        await a.ok(['rename', name, 'renamed']);
        expect((await a.run(['inspect', name])).exitCode).toBe(1);
        expect(await state('renamed')).toBe('running');
        await gone('renamed');
      },
    },
    'update --memory': { refused: ['update', '--memory', '1g', '--memory-swap', '1g', box] },
    'update --restart': {
      checks: 'the policy is another one',
      check: async () => {
        await a.ok(['update', '--restart', 'on-failure:2', box]);
        expect(await shown(box, '{{.HostConfig.RestartPolicy.Name}}')).toBe('on-failure');
        await a.ok(['update', '--restart', 'no', box]);
      },
    },
    wait: {
      checks: 'exit codes from 0 to 255',
      check: async () => {
        for (const code of [0, 1, 125, 255]) {
          const name = await started([], 'sh', '-c', `exit ${code}`);
          expect(await a.ok(['wait', name])).toBe(String(code));
          await gone(name);
        }
      },
    },
    rm: {
      checks: 'what runs only with -f, and no task of it is left',
      check: async () => {
        const name = await started([], 'sleep', '300');
        expect((await a.run(['rm', name])).stderr).toContain('stop');
        await a.ok(['rm', '-f', name]);
        const live = [...bench.account.site.ecs.tasks.values()].filter(({ task }) => task.lastStatus !== 'STOPPED');
        expect(live).toHaveLength(1);
      },
    },
    'rm -v': {
      checks: 'its anonymous volumes go with it',
      check: async () => {
        const before = await a.ok(['volume', 'ls', '-q']);
        const name = await started(['-v', '/data'], 'true');
        expect(await a.ok(['volume', 'ls', '-q'])).not.toBe(before);
        await a.ok(['rm', '-f', '-v', name]);
        await waitFor(async () => (await a.ok(['volume', 'ls', '-q'])) === before, patient);
      },
    },
    'container prune': {
      checks: 'only what does not run',
      check: async () => {
        const name = await started([], 'true');
        await a.ok(['wait', name]);
        await a.ok(['container', 'prune', '-f']);
        expect(await a.ok(['ps', '-a', '--format', '{{.Names}}'])).toBe('box');
      },
    },
    port: {
      checks: 'the number and the address of the task',
      check: async () => {
        const name = await started(['-p', '80:80'], 'sleep', '300');
        await reaches(name, 'running');
        expect(await a.ok(['port', name])).toMatch(/^80\/tcp -> \d+\.\d+\.\d+\.\d+:80$/);
        await gone(name);
      },
    },
  };
}
