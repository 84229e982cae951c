/** Rows of the options of run. */
import { once } from 'node:events';
import { expect } from 'vitest';
import { waitFor } from '../support/wait-for.ts';
import { type Bench, patient, type Rows } from './row.ts';

export function runRows(bench: Bench): Rows {
  const { a, app, image, started, says, shown, account } = bench;
  const gone = (name: string) => a.ok(['rm', '-f', name]);
  const run = (...options: string[]) => ({ refused: ['run', '-d', ...options, image, 'true'] });
  const taskOf = async (name: string) => {
    const id = await shown(name, '{{.Id}}');
    const found = [...account.site.ecs.tasks.values()].find(({ task }) => task.startedBy?.includes(id.slice(0, 32)));
    if (!found) throw new Error(`there is no task of ${name}`);
    return found;
  };
  const sized = (options: string[], size: { cpu: string; memory: string }) => async () => {
    const name = await started(options, 'sleep', '300');
    expect((await taskOf(name)).task).toMatchObject(size);
    await gone(name);
  };
  const volumeRow = (options: (access: string) => string[]) => ({
    checks: 'what one container writes another one reads, and cannot change when it is read-only',
    check: async () => {
      await says('written', options(''), 'sh', '-c', 'echo kept > /data/note; echo written');
      await says(
        /kept[\s\S]*refused/,
        options('ro'),
        'sh',
        '-c',
        'cat /data/note; echo x > /data/note || echo refused',
      );
    },
  });
  return {
    'run -d': {
      checks: 'its id, at once',
      check: async () => expect(await shown(await started([], 'true'), '{{.Id}}')).toMatch(/^[0-9a-f]{64}$/),
    },
    'run --rm': {
      checks: 'it is gone when it ended',
      check: async () => {
        const name = await started(['--rm'], 'true');
        await waitFor(async () => (await a.run(['inspect', name])).exitCode === 1, patient);
      },
    },
    'run --name': {
      checks: 'a name is given once',
      check: async () => {
        const twice = await a.run(['run', '-d', '--name', bench.box, image, 'true']);
        expect(twice).toMatchObject({ exitCode: 125, stderr: expect.stringContaining('already in use') });
      },
    },
    'run -e': { checks: 'the variable', check: () => says('b c', ['-e', 'A=b c'], 'sh', '-c', 'echo "$A"') },
    'run -w': { checks: 'the folder', check: () => says('/tmp', ['-w', '/tmp'], 'pwd') },
    'run --user': { checks: 'the user', check: () => says('nobody', ['--user', 'nobody'], 'id', '-un') },
    'run --label': {
      checks: 'ps finds it by its label',
      check: async () => {
        const name = await started(['--label', 'tier=web'], 'true');
        expect(await a.ok(['ps', '-a', '--filter', 'label=tier=web', '--format', '{{.Names}}'])).toBe(name);
        await gone(name);
      },
    },
    'run --entrypoint': {
      checks: 'it runs before the command',
      check: () => says('before after', ['--entrypoint', 'echo'], 'before', 'after'),
    },
    'run -t': { checks: 'a terminal', check: () => says('terminal', ['-t'], 'sh', '-c', 'test -t 1 && echo terminal') },
    'run -i': { refused: ['run', '-i', image, 'cat'] },
    'run -it': { refused: ['create', '-it', image, 'sh'] },
    'run --pull': {
      checks: 'always and never',
      check: async () => {
        await says('pulled', ['--pull', 'always'], 'echo', 'pulled');
        const missing = await a.run(['run', '-d', '--pull', 'never', 'not/here:1']);
        expect(missing).toMatchObject({ exitCode: 125, stderr: expect.stringContaining('No such image') });
      },
    },
    'run --platform': {
      checks: "the task's processor is the one of the image; what the image is not for is refused",
      check: async () => {
        const name = await started(['--platform', 'linux/amd64'], 'sleep', '300');
        expect((await taskOf(name)).definition.runtimePlatform).toMatchObject({ cpuArchitecture: 'X86_64' });
        await gone(name);
        const other = await a.run(['run', '-d', '--pull', 'never', '--platform', 'linux/arm64', image, 'true']);
        expect(other).toMatchObject({ exitCode: 125, stderr: expect.stringContaining('for linux/arm64') });
      },
    },
    'run --sig-proxy': {
      checks: 'a signal to the client reaches the command; without it the client goes and the command stays',
      check: async () => {
        const talk = ['sh', '-c', 'trap "echo bye; exit 4" TERM; echo up; while :; do sleep 0.1; done'];
        const follow = async (name: string, ...options: string[]) => {
          const client = a.start(['run', ...options, '--name', name, image, ...talk]);
          await bench.logged(name, 'up');
          client.kill('SIGTERM');
          const [exitCode] = await once(client, 'exit');
          return exitCode;
        };
        expect(await follow('told')).toBe(4);
        expect(await shown('told', '{{.State.Status}} {{.State.ExitCode}}')).toBe('exited 4');
        await follow('untold', '--sig-proxy=false');
        expect(await shown('untold', '{{.State.Status}}')).toBe('running');
        await gone('told');
        await gone('untold');
      },
    },
    'run --init': {
      checks: 'the first process is an init',
      check: () => says('init', ['--init'], 'cat', '/proc/1/comm'),
    },
    'run --memory': {
      checks: 'the task has the next size, which is told beside what was asked for, and the container its limit',
      check: async () => {
        await sized(['--memory', '3000m', '--cpus', '1'], { cpu: '1024', memory: '3072' })();
        const name = await started(['--memory', '100m', '--cpus', '0.2'], 'sleep', '300');
        const { Memory, NanoCpus, Annotations } = JSON.parse(await shown(name, '{{json .HostConfig}}'));
        expect({ Memory, NanoCpus }).toEqual({ Memory: 100 * 2 ** 20, NanoCpus: 200_000_000 });
        const size = { 'longshore.size.cpus': '0.25', 'longshore.size.memory': String(512 * 2 ** 20) };
        expect(Annotations).toEqual(size);
        const { resources, spec } = await app.a.admin.expect<{ resources: object; spec: { resources: object } }>(
          ...([200, 'GET', `/v1/containers/${name}`] as const),
        );
        expect(resources).toEqual({ cpus: 0.25, memoryMiB: 512 });
        expect(spec.resources).toMatchObject({ cpus: 0.2, memoryMiB: 100 });
        await gone(name);
        const read = 'cat /sys/fs/cgroup/memory.max /sys/fs/cgroup/memory/memory.limit_in_bytes 2>/dev/null';
        await says(String(100 * 2 ** 20), ['--memory', '100m'], 'sh', '-c', read);
      },
    },
    'run --cpus': {
      checks: 'the task has the next size',
      check: sized(['--cpus', '0.3', '--memory', '600m'], { cpu: '512', memory: '1024' }),
    },
    'run --restart': {
      checks: 'it is started again as often as was said',
      check: async () => {
        const name = await started(['--restart', 'on-failure:1'], 'false');
        await waitFor(async () => (await shown(name, '{{.RestartCount}} {{.State.Status}}')) === '1 exited', patient);
        await gone(name);
      },
    },
    'run --health-cmd': {
      checks: 'it becomes healthy',
      check: async () => {
        const name = await started(['--health-cmd', 'true', '--health-interval', '5s'], 'sleep', '300');
        await waitFor(async () => (await shown(name, '{{.State.Health.Status}}')) === 'healthy', patient);
        await gone(name);
      },
    },
    'run --read-only': {
      checks: 'nothing can be written',
      check: () => says('refused', ['--read-only'], 'sh', '-c', 'echo x > /x || echo refused'),
    },
    'run --cap-drop': {
      checks: 'no capability is left',
      check: () => says(/CapEff:\s+0+$/m, ['--cap-drop', 'ALL'], 'grep', 'CapEff', '/proc/self/status'),
    },
    'run --stop-timeout': {
      checks: 'the task has it; more than ECS allows is refused',
      check: async () => {
        const name = await started(['--stop-timeout', '7'], 'sleep', '300');
        expect((await taskOf(name)).definition.containerDefinitions?.[0]?.stopTimeout).toBe(7);
        await gone(name);
        const longer = await a.run(['run', '-d', '--stop-timeout', '121', image, 'true']);
        expect(longer).toMatchObject({ exitCode: 125, stderr: expect.stringContaining('at most 120 s') });
      },
    },
    'run --stop-signal': run('--stop-signal', 'QUIT'),
    'run -p 80:80': {
      checks: 'the port is open to whom the operator lets in',
      check: async () => {
        const name = await started(['-p', '8000:8000'], 'sleep', '300');
        const ingress = [...account.site.ec2.groups.values()].flatMap(({ IpPermissions = [] }) => IpPermissions);
        expect(ingress).toContainEqual(expect.objectContaining({ FromPort: 8000, ToPort: 8000, IpProtocol: 'tcp' }));
        await gone(name);
      },
    },
    'run -p 8080:80': run('-p', '8080:80'),
    'run -P': {
      checks: 'an exposed port at its own number',
      check: async () => {
        const name = await started(['--expose', '81', '-P'], 'sleep', '300');
        await waitFor(async () => (await a.ok(['port', name])).endsWith(':81'), patient);
        await gone(name);
      },
    },
    'run -v volume': volumeRow((access) => ['-v', `disk:/data${access && `:${access}`}`]),
    'run --mount type=volume': volumeRow((access) => [
      '--mount',
      `type=volume,source=mounted,target=/data${access && ',readonly'}`,
    ]),
    'run -v /folder': run('-v', '/srv:/srv'),
    'run --mount type=bind': run('--mount', 'type=bind,source=/srv,target=/srv'),
    'run --tmpfs': run('--tmpfs', '/cache'),
    'run --network': {
      checks: 'it is on the network, with an address',
      check: async () => {
        await a.ok(['network', 'create', 'wire']);
        const name = await started(['--network', 'wire'], 'sleep', '300');
        expect(await shown(name, '{{.NetworkSettings.Networks.wire.IPAddress}}')).toMatch(/^\d+\./);
        await gone(name);
      },
    },
    'run --network-alias': {
      checks: 'inspect remembers it',
      check: async () => {
        const name = await started(['--network', 'wire', '--network-alias', 'db'], 'sleep', '300');
        expect(await shown(name, '{{json .NetworkSettings.Networks.wire.Aliases}}')).toContain('db');
        await gone(name);
      },
    },
    'run --network none': run('--network', 'none'),
    'run --hostname': run('--hostname', 'web'),
    'run --domainname': run('--domainname', 'example.org'),
    'run --dns': run('--dns', '10.0.0.2'),
    'run --add-host': run('--add-host', 'db:10.0.0.9'),
    'run --group-add': run('--group-add', '12'),
    'run --cpu-shares': run('--cpu-shares', '512'),
    'run --shm-size': run('--shm-size', '128m'),
    'run --oom-score-adj': run('--oom-score-adj', '500'),
    'run --ulimit nofile': {
      checks: 'the number of open files',
      check: () => says('1234', ['--ulimit', 'nofile=1234:1234'], 'sh', '-c', 'ulimit -n'),
    },
    'run --ulimit': run('--ulimit', 'nproc=10'),
    'run --pids-limit': {
      checks: 'it is taken, and the answer warns',
      check: async () => {
        const made = await a.run(['create', '--name', 'limited', '--pids-limit', '100', image, 'true']);
        expect(made).toMatchObject({ exitCode: 0, stderr: expect.stringContaining('run --pids-limit: of no effect') });
        await gone('limited');
      },
    },
    'run --sysctl': {
      checks: 'the kernel has it',
      check: () => says('777', ['--sysctl', 'net.core.somaxconn=777'], 'cat', '/proc/sys/net/core/somaxconn'),
    },
  };
}
