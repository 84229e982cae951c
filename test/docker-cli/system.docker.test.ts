/** docker info, version, system df and events through the plain CLI: a tenant's own, and nothing of the machine or of others. */
import { once } from 'node:events';
import { hostname } from 'node:os';
import { describe, expect, test } from 'vitest';
import type { DockerCli } from '../support/docker-cli.ts';
import { openDoor } from '../support/door.ts';
import { openDocker, testDockerHost } from '../support/engine.ts';
import { waitFor } from '../support/wait-for.ts';

const { app, a, b } = await openDoor();

const raw = (path: string, init: RequestInit = {}) =>
  fetch(app.url + path, { ...init, headers: { authorization: `Bearer ${app.a.admin.key}` } });

describe('the system', () => {
  test('version and info name the product, the API and the tenant’s own numbers', async () => {
    expect(
      await a.ok(['version', '--format', '{{.Server.Platform.Name}} {{.Server.APIVersion}} {{.Server.Os}}']),
    ).toMatch(/^Longshore 1\.51 linux$/);
    await a.ok(['run', '-d', '--name', 'up', app.image, 'sleep', '300']);
    await a.ok(['create', '--name', 'idle', app.image, 'true']);
    await b.ok(['create', app.image, 'true']);
    const numbers =
      '{{.Containers}} {{.ContainersRunning}} {{.ContainersStopped}} {{.Name}} {{.OSType}} {{.Swarm.LocalNodeState}}';
    expect(await a.ok(['info', '--format', numbers])).toBe('2 1 1 tenant-a linux inactive');
    expect(await b.ok(['info', '--format', numbers])).toBe('1 0 1 tenant-b linux inactive');
    const text = await a.ok(['info']);
    const engine = (await openDocker(testDockerHost()).info()) as Record<string, string>;
    const secrets = [
      hostname(),
      'tenant-b',
      engine.DockerRootDir,
      engine.KernelVersion,
      engine.ID,
      engine.OperatingSystem,
    ];
    for (const secret of secrets) if (secret) expect(text).not.toContain(secret);
    await a.ok(['rm', '-f', 'up', 'idle']);
  });

  test('ping answers both ways, GET with the one word that docker-py takes, and says the newest version', async () => {
    for (const method of ['HEAD', 'GET']) {
      const answer = await raw('/_ping', { method });
      expect(Object.fromEntries(answer.headers)).toMatchObject({
        ...{ 'api-version': '1.51', ostype: 'linux', 'docker-experimental': 'false', 'cache-control': 'no-cache' },
      });
      expect([answer.status, await answer.text()]).toEqual([200, method === 'GET' ? 'OK' : '']);
    }
  });

  test('what there is none of is refused with a sentence: swarms, plugins, BuildKit sessions', async () => {
    for (const command of [
      ['service', 'ls'],
      ['node', 'ls'],
      ['swarm', 'init'],
      ['secret', 'ls'],
      ['stack', 'ls'],
    ]) {
      const refused = await a.run(command);
      expect([command, refused]).toMatchObject([command, { stderr: expect.stringContaining('not a swarm manager') }]);
    }
    expect(await a.ok(['plugin', 'ls', '-q'])).toBe('');
    expect((await a.run(['plugin', 'inspect', 'x'])).stderr).toContain('plugin "x" not found');
    expect((await a.run(['inspect', 'nothing-of-that-name'])).stderr).toContain('nothing-of-that-name');
    for (const path of ['/session', '/grpc']) {
      const answer = await raw(path, { method: 'POST' });
      expect([answer.status, await answer.text()]).toEqual([501, expect.stringContaining('DOCKER_BUILDKIT=0')]);
    }
    for (const path of ['/debug/pprof/', '/debug/vars', '/metrics2', '/v1.44/nothing'])
      expect((await raw(path)).status).toBe(404);
  });

  test('system df counts and measures what is the tenant’s', async () => {
    await a.ok([
      'run',
      '-d',
      '--name',
      'writer',
      app.image,
      'sh',
      '-c',
      'dd if=/dev/zero of=/big bs=1024 count=2048; sleep 300',
    ]);
    await a.ok(['volume', 'create', 'empty']);
    const usage = async (cli: DockerCli) =>
      (await cli.ok(['system', 'df', '--format', '{{.Type}}:{{.TotalCount}}:{{.Active}}'])).split('\n');
    expect(await usage(a)).toEqual(['Images:0:0', 'Containers:1:1', 'Local Volumes:1:0', 'Build Cache:0:0']);
    expect(await usage(b)).toMatchObject(['Images:0:0', expect.any(String), 'Local Volumes:0:0', 'Build Cache:0:0']);
    await waitFor(async () => {
      const usage: unknown = await (await raw('/v1.44/system/df?type=container')).json();
      expect(usage).toEqual({ Containers: [expect.objectContaining({ SizeRw: expect.any(Number) })] });
      return (usage as { Containers: { SizeRw: number }[] }).Containers.every(
        ({ SizeRw }) => SizeRw >= 2 * 1024 * 1024,
      );
    });
    expect((await raw('/v1.44/system/df?type=nothing')).status).toBe(400);
    await a.ok(['rm', '-f', 'writer']);
    await a.ok(['volume', 'rm', 'empty']);
  });

  test('system prune takes what has stopped, what nobody is on, and what has no name; builder prune has nothing to take', async () => {
    await a.ok(['run', '-d', '--name', 'kept', app.image, 'sleep', '300']);
    await a.ok(['create', '--name', 'done', '-v', 'remains:/data', app.image, 'true']);
    await a.ok(['network', 'create', 'unused']);
    for (const text of ['1', '2']) {
      await a.ok(['build', '-q', '-t', 'pruned', '-'], { input: `FROM ${app.image}\nLABEL text=${text}` });
    }
    const kept = await a.ok(['images', '-q', 'pruned']);
    expect(await a.ok(['system', 'prune', '-f'])).toMatch(
      /Deleted Containers:[\s\S]*Deleted Networks:\nunused[\s\S]*Deleted Images:/,
    );
    expect(await a.ok(['ps', '-a', '--format', '{{.Names}}'])).toBe('kept');
    expect(await a.ok(['network', 'ls', '--format', '{{.Name}}'])).toBe('bridge');
    expect(await a.ok(['images', '-q', '--filter', 'label=text'])).toBe(kept);
    expect(await a.ok(['volume', 'ls', '-q'])).toBe('remains');
    expect(await a.ok(['builder', 'prune', '-f'])).toContain('0B');
    await a.ok(['system', 'prune', '-af', '--filter', 'label!=text=2']);
    expect(await a.ok(['images', '-q', '--filter', 'label=text'])).toBe(kept);
    await a.ok(['rm', '-f', 'kept']);
    await a.ok(['system', 'prune', '-af', '--volumes']);
    expect(await a.ok(['images', '-q', '--filter', 'label=text'])).toBe('');
    await a.ok(['volume', 'rm', 'remains']);
  });
});

describe('events', () => {
  const format = '{{.Type}} {{.Action}} {{index .Actor.Attributes "name"}}';
  const past = async (cli: DockerCli, ...filters: string[]) => {
    const until = String(Math.ceil(Date.now() / 1000) + 1);
    const options = ['--since', '0', '--until', until, '--format', format];
    const text = await cli.ok(['events', ...options, ...filters.flatMap((filter) => ['--filter', filter])]);
    return text.split('\n').filter(Boolean);
  };

  test('tell a life in order, with exit codes, signals, labels and image, and end at until', async () => {
    await a.ok([
      'run',
      '-d',
      '--name',
      'hero',
      '--label',
      'role=lead',
      app.image,
      'sh',
      '-c',
      'trap "exit 5" TERM; while :; do sleep 0.1; done',
    ]);
    await a.ok(['pause', 'hero']);
    await a.ok(['unpause', 'hero']);
    await a.ok(['rename', 'hero', 'heroine']);
    await a.ok(['restart', 'heroine']);
    await a.ok(['kill', '-s', 'TERM', 'heroine']);
    await a.ok(['wait', 'heroine']);
    await a.ok(['rm', 'heroine']);
    const actions = (await past(a, 'type=container', 'label=role=lead')).map((line) => line.split(' ')[1]);
    const stopped = ['kill', 'die', 'stop', 'start', 'restart'];
    expect(actions).toEqual(['create', 'start', 'pause', 'unpause', 'rename', ...stopped, 'kill', 'die', 'destroy']);
    const until = String(Math.ceil(Date.now() / 1000) + 1);
    const json = await a.ok([
      'events',
      '--since',
      '0',
      '--until',
      until,
      '--filter',
      'event=die',
      '--format',
      '{{json .}}',
    ]);
    const died = JSON.parse(json.split('\n').at(-1) ?? '');
    expect(died).toMatchObject({
      ...{ Type: 'container', Action: 'die', status: 'die', from: app.image, scope: 'local' },
      Actor: { Attributes: { exitCode: '5', image: app.image, name: 'heroine', role: 'lead' } },
    });
    expect(died.timeNano).toBeGreaterThan(1_700_000_000_000_000_000);
    expect(await past(a, 'container=heroine', 'event=kill')).toHaveLength(2);
    expect(await past(b, 'label=role=lead')).toEqual([]);
  });

  test('of networks and volumes, and of what is connected', async () => {
    await a.ok(['network', 'create', 'wire']);
    await a.ok(['volume', 'create', 'disk']);
    await a.ok(['create', '--name', 'box', app.image, 'true']);
    await a.ok(['network', 'connect', 'wire', 'box']);
    await a.ok(['network', 'disconnect', 'wire', 'box']);
    await a.ok(['rm', 'box']);
    await a.ok(['network', 'rm', 'wire']);
    await a.ok(['volume', 'rm', 'disk']);
    expect(await past(a, 'network=wire')).toEqual(
      ['create', 'connect', 'disconnect', 'destroy'].map((action) => `network ${action} wire`),
    );
    expect((await past(a, 'volume=disk')).map((line) => line.split(' ')[1])).toEqual(['create', 'destroy']);
    expect(await past(a, 'type=daemon')).toEqual([]);
    expect((await a.run(['events', '--until', '1', '--filter', 'nope=1'])).stderr).toContain("Invalid filter 'nope'");
  });

  test('from since to until are those of that time and no others', async () => {
    const now = () => String(Date.now() / 1000);
    const act = async (name: string) => {
      await a.ok(['create', '--name', name, app.image, 'true']);
      await a.ok(['rm', name]);
      return now();
    };
    const [first, second] = [await act('one'), await act('two')];
    await act('three');
    const between = (since: string, until: string) =>
      a.ok([
        'events',
        '--since',
        since,
        '--until',
        until,
        '--filter',
        'type=container',
        '--format',
        '{{.Action}} {{.Actor.Attributes.name}}',
      ]);
    expect(await between(first, second)).toBe('create two\ndestroy two');
    expect((await between(second, String(Math.ceil(Date.now() / 1000)))).split('\n')).toEqual([
      'create three',
      'destroy three',
    ]);
    expect(await between('1h', first)).toMatch(/create one\ndestroy one$/);
  });

  test('come as they happen, and end with the client', async () => {
    const following = a.start(['events', '--filter', 'type=container', '--format', format]);
    let seen = '';
    following.stdout?.on('data', (chunk) => {
      seen += chunk;
    });
    // What happens before the stream is open is not followed.
    await waitFor(async () => {
      await a.ok(['run', '--rm', app.image, 'true']);
      return seen.includes('start');
    });
    await b.ok(['run', '--rm', '--name', 'unseen', app.image, 'true']);
    await waitFor(() => seen.includes('destroy'));
    expect(seen).not.toContain('unseen');
    following.kill('SIGKILL');
    await once(following, 'exit');
  });
});
