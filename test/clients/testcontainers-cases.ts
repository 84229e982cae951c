/** What users of Testcontainers 12 do, unmodified: the same for every environment that makes a client a tenant. */
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { text } from 'node:stream/consumers';
import { GenericContainer, Network, PullPolicy, Wait } from 'testcontainers';
import { afterEach, expect, test } from 'vitest';
import { makeTar, readEntries } from '../support/tar.ts';
import { waitFor } from '../support/wait-for.ts';
import type { ClientEnv, TlsDoor } from '../support/ways.ts';

/** Registers the cases. @param env what this process takes for its own: Testcontainers reads it once */
export function testcontainersCases({ app, a, b, folder }: TlsDoor, env: ClientEnv): void {
  // Inside a container Testcontainers takes the gateway for the address of published ports.
  Object.assign(process.env, env, { TESTCONTAINERS_RYUK_DISABLED: 'true', TESTCONTAINERS_HOST_OVERRIDE: '127.0.0.1' });

  const idle = ['sh', '-c', 'trap "exit 0" TERM; echo begun; while :; do sleep 0.1; done'];
  const container = (command = idle) => new GenericContainer(app.image).withCommand(command);
  const serving = (page: string) =>
    container(['sh', '-c', `mkdir /www; echo ${page} > /www/index.html; exec httpd -f -p 8080 -h /www`]);

  afterEach(async () => {
    const ids = (await a.ok(['ps', '-aq'])).split('\n').filter(Boolean);
    if (ids.length > 0) await a.ok(['rm', '-fv', ...ids]);
  });

  test('start waits for a message, exec answers both streams and the code, stop leaves nothing', async () => {
    const started = await container()
      .withEnvironment({ GREETING: 'hello' })
      .withLabels({ suite: 'testcontainers' })
      .withUser('nobody')
      .withWorkingDir('/tmp')
      .withHostname('box')
      .withTmpFs({ '/scratch': 'rw,noexec,size=1m' })
      .withResourcesQuota({ memory: 0.0625, cpu: 0.5 })
      .withWaitStrategy(Wait.forLogMessage('begun'))
      .start();
    const done = await started.exec(['sh', '-c', 'echo $GREETING; id -un; pwd; hostname; echo bad >&2; exit 5']);
    expect(done).toMatchObject({ exitCode: 5, stdout: 'hello\nnobody\n/tmp\nbox\n', stderr: 'bad\n' });
    expect(await started.exec('id -u', { user: 'root', workingDir: '/', env: { A: '1' } })).toMatchObject({
      ...{ exitCode: 0, output: '0\n' },
    });
    expect((await started.exec(['df', '-m', '/scratch'])).stdout).toMatch(/tmpfs +1 /);
    const limit = 'cd /sys/fs/cgroup; cat memory.max memory/memory.limit_in_bytes 2>/dev/null';
    expect((await started.exec(['sh', '-c', limit])).stdout).toBe('67108864\n');
    expect(started.getHostname()).toBe('box');
    expect(started.getLabels()).toMatchObject({ suite: 'testcontainers', 'org.testcontainers': 'true' });
    expect(await a.ok(['ps', '-q', '--no-trunc', '--filter', 'label=suite=testcontainers'])).toBe(started.getId());
    expect(await b.ok(['ps', '-aq'])).toBe('');
    await started.stop();
    expect(await a.ok(['ps', '-aq'])).toBe('');
  });

  test('start waits for a health check, and says so when it fails', async () => {
    const checked = (check: string) =>
      container(['sh', '-c', 'sleep 1; touch /tmp/ready; exec sleep 600'])
        .withHealthCheck({ test: ['CMD-SHELL', check], interval: 300, timeout: 1000, retries: 3 })
        .withWaitStrategy(Wait.forHealthCheck());
    const started = await checked('test -e /tmp/ready').start();
    expect((await started.exec(['ls', '/tmp/ready'])).exitCode).toBe(0);
    await expect(checked('false').start()).rejects.toThrow('unhealthy');
  });

  test('start waits for its ports, which are published on this machine, and for what they answer', async () => {
    const started = await serving('from the port')
      .withExposedPorts(8080)
      .withWaitStrategy(Wait.forAll([Wait.forListeningPorts(), Wait.forHttp('/', 8080).forStatusCode(200)]))
      .start();
    const page = async () => (await fetch(`http://127.0.0.1:${started.getMappedPort(8080)}/`)).text();
    expect(await page()).toBe('from the port\n');
    await started.restart();
    expect(await page()).toBe('from the port\n');
  });

  test('start waits for a command, and for a container that is done', async () => {
    await container(['sh', '-c', 'sleep 0.5; touch /tmp/ready; exec sleep 600'])
      .withWaitStrategy(Wait.forSuccessfulCommand('test -e /tmp/ready'))
      .start();
    const done = await container(['echo', 'once']).withWaitStrategy(Wait.forOneShotStartup()).start();
    expect(await a.ok(['inspect', '--format', '{{.State.Status}}', done.getId()])).toBe('exited');
    await expect(container(['no-such-command']).start()).rejects.toThrow('executable file not found');
  });

  test('files, folders, contents and archives are copied in before the start and after it, and out again', async () => {
    mkdirSync(join(folder, 'copied/inner'), { recursive: true });
    writeFileSync(join(folder, 'copied/inner/note'), 'a note\n');
    const started = await container()
      .withCopyFilesToContainer([{ source: join(folder, 'copied/inner/note'), target: '/one/file', mode: 0o640 }])
      .withCopyDirectoriesToContainer([{ source: join(folder, 'copied'), target: '/two' }])
      .withCopyContentToContainer([{ content: 'a content\n', target: '/three/content', mode: 0o755 }])
      .withCopyArchivesToContainer([
        { tar: Readable.from([makeTar([{ path: 'four', text: 'a tar\n' }])]), target: '/tmp' },
      ])
      .withWaitStrategy(Wait.forLogMessage('begun'))
      .start();
    const read = (...paths: string[]) => started.exec(['cat', ...paths]);
    expect((await read('/one/file', '/two/inner/note', '/three/content', '/tmp/four')).output).toBe(
      'a note\na note\na content\na tar\n',
    );
    expect((await started.exec(['stat', '-c', '%a', '/one/file', '/three/content'])).output).toBe('640\n755\n');
    await started.copyContentToContainer([{ content: 'later\n', target: '/later/content' }]);
    await started.copyFilesToContainer([{ source: join(folder, 'copied/inner/note'), target: '/later/file' }]);
    await started.copyDirectoriesToContainer([{ source: join(folder, 'copied'), target: '/later/folder' }]);
    expect((await read('/later/content', '/later/file', '/later/folder/inner/note')).output).toBe(
      'later\na note\na note\n',
    );
    const archive = await started.copyArchiveFromContainer('/later');
    expect(await readEntries(Readable.from(archive))).toMatchObject({
      'later/content': { text: 'later\n' },
      'later/folder/inner/note': { text: 'a note\n' },
    });
    const stopped = await started.stop({ remove: false });
    const afterwards = await stopped.copyArchiveFromContainer('/tmp/four');
    expect(await readEntries(Readable.from(afterwards))).toMatchObject({ four: { text: 'a tar\n' } });
  });

  test('two containers of a network find each other by their aliases, and nobody else does', async () => {
    const network = await new Network().start();
    const server = await serving('from the alias').withNetwork(network).withNetworkAliases('web', 'www').start();
    const client = await container().withNetwork(network).start();
    const stranger = await container().start();
    const fetched = (from: typeof client, host: string) =>
      from.exec(['timeout', '3', 'wget', '-qO-', `http://${host}:8080/`]);
    for (const host of ['web', 'www', server.getIpAddress(network.getName())]) {
      await waitFor(async () => (await fetched(client, host)).output === 'from the alias\n');
    }
    expect(client.getNetworkNames()).toEqual([network.getName()]);
    expect((await fetched(stranger, 'web')).exitCode).not.toBe(0);
    for (const member of [server, client]) await member.stop();
    await network.stop();
    expect(await a.ok(['network', 'ls', '--format', '{{.Name}}'])).toBe('bridge');
  });

  test('logs are streamed while they are written, and end with the container', async () => {
    const heard: string[] = [];
    const started = await container(['sh', '-c', 'for n in 1 2 3; do echo line $n; sleep 0.5; done; echo bad >&2'])
      .withLogConsumer((stream) => stream.on('data', (line) => heard.push(line)))
      .withWaitStrategy(Wait.forLogMessage(/line \d/, 2))
      .start();
    const lines = (await text(await started.logs())).split('\n');
    expect(lines.filter(Boolean)).toEqual(['line 1', 'line 2', 'line 3', 'bad']);
    expect(await text(await started.logs({ tail: 1 }))).toBe('bad\n');
    await waitFor(() => heard.join('').includes('bad'));
  });

  test('a container with reuse is found again, and another one is made for other wishes', async () => {
    const reusable = (value: string) => container().withEnvironment({ VALUE: value }).withReuse();
    const [first, second, other] = [
      await reusable('1').start(),
      await reusable('1').start(),
      await reusable('2').start(),
    ];
    expect(second.getId()).toBe(first.getId());
    expect(other.getId()).not.toBe(first.getId());
    await first.stop({ remove: false });
    expect((await reusable('1').start()).getId()).toBe(first.getId());
  });

  test('an image is built from a Dockerfile with arguments, and a started container becomes one', async () => {
    writeFileSync(
      join(folder, 'Dockerfile'),
      `FROM ${app.image} AS base\nARG WHO\nRUN echo hello $WHO > /said\nCMD ["sh", "-c", "cat /said; exec sleep 600"]\nFROM base\nRUN false\n`,
    );
    writeFileSync(join(folder, '.dockerignore'), 'cert-*\ndocker.sock\n');
    const built = await GenericContainer.fromDockerfile(folder)
      .withBuildArgs({ WHO: 'world' })
      .withTarget('base')
      .build('built-by-testcontainers:1', { deleteOnExit: false });
    const started = await built
      .withPullPolicy(PullPolicy.neverPull())
      .withWaitStrategy(Wait.forLogMessage('hello world'))
      .start();
    await started.exec(['sh', '-c', 'echo committed > /said']);
    const image = await started.commit({ repo: 'committed', tag: '1', deleteOnExit: false });
    expect(image).toMatch(/^sha256:/);
    await new GenericContainer('committed:1').withWaitStrategy(Wait.forLogMessage('committed')).start();
    await expect(GenericContainer.fromDockerfile(folder).withBuildArgs({ WHO: 'x' }).build()).rejects.toThrow(
      'Failed to build image',
    );
    expect(await b.ok(['images', '-q', 'built-by-testcontainers'])).toBe('');
  });
}
