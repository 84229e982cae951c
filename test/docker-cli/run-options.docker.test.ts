/** Options of docker run through the plain CLI, each seen by what it does. */
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, describe, expect, test } from 'vitest';
import { openDoor } from '../support/door.ts';
import { waitFor } from '../support/wait-for.ts';

const { app, a, b, folder } = await openDoor();

afterEach(async () => {
  const ids = await a.ok(['ps', '-aq']);
  if (ids !== '') await a.ok(['rm', '-fv', ...ids.split('\n')]);
});

const sh = (script: string) => [app.image, 'sh', '-c', script];
/** What a script says in a container with these options. */
const said = (options: string[], script: string) => a.ok(['run', '--rm', ...options, ...sh(script)]);
const start = (name: string, options: string[], script = 'exec sleep 600') =>
  a.ok(['run', '-d', '--name', name, ...options, ...sh(script)]);
const inspect = (name: string, format: string) => a.ok(['inspect', '-f', format, name]);
const page = async (port: string) => (await fetch(`http://127.0.0.1:${port.split(':').at(-1)}/`)).text();
const serve = 'mkdir /www; echo page > /www/index.html; exec httpd -f -p 8080 -h /www';

describe('ports', () => {
  test('-p publishes on a free port, and port and ps tell where', async () => {
    await start('web', ['-p', '8080', '--expose', '9090'], serve);
    const [port = '', ...others] = (await a.ok(['port', 'web', '8080/tcp'])).split('\n');
    expect(others).toEqual([]);
    await waitFor(async () => (await page(port)) === 'page\n');
    expect(await a.ok(['port', 'web'])).toBe(`8080/tcp -> ${port}`);
    expect(await a.ok(['ps', '--format', '{{.Ports}}'])).toBe(`9090/tcp, ${port}->8080/tcp`);
    expect(await a.run(['port', 'web', '9090'])).toMatchObject({
      ...{ exitCode: 1, stderr: expect.stringContaining("No public port '9090") },
    });
    const number = port.split(':').at(-1);
    expect(await a.ok(['ps', '--format', '{{.Names}}', '--filter', `publish=${number}`])).toBe('web');
    expect(await a.ok(['ps', '--format', '{{.Names}}', '--filter', 'expose=9000-9100/tcp'])).toBe('web');
    expect(await a.ok(['ps', '-q', '--filter', 'publish=8080'])).toBe('');
    const taken = await b.run(['run', '-d', '-p', `${number}:80`, ...sh('true')]);
    expect(taken).toMatchObject({ exitCode: 125, stderr: expect.stringContaining('is already in use') });
    await b.ok(['container', 'prune', '-f']);
    await a.ok(['rm', '-f', 'web']);
    await start('chosen', ['-p', `${number}:8080`], serve);
    await waitFor(async () => (await page(port)) === 'page\n');
  });

  test('-P publishes what image and --expose say', async () => {
    await a.ok(['build', '-q', '-t', 'exposing', '-'], { input: `FROM ${app.image}\nEXPOSE 8080` });
    await a.ok(['run', '-d', '--name', 'all', '-P', '--expose', '9090/udp', 'exposing', 'sh', '-c', serve]);
    const [tcp = '', udp = ''] = (await a.ok(['port', 'all'])).split('\n').sort();
    expect([tcp, udp]).toEqual([
      ...[expect.stringMatching(/^8080\/tcp -> [\d.]+:\d+$/), expect.stringMatching(/^9090\/udp -> [\d.]+:\d+$/)],
    ]);
    await waitFor(async () => (await page(tcp)) === 'page\n');
  });
});

describe('what a command gets', () => {
  test('-e, --env-file, -w, -u, -h and --entrypoint', async () => {
    writeFileSync(join(folder, 'env'), 'FROM_FILE=file\n');
    const options = ['-e', 'A=1 2', '-e', 'TAKEN', '--env-file', join(folder, 'env'), '-w', '/var/made', '-u', '7:8'];
    const script = 'echo $A $TAKEN $FROM_FILE; pwd; id -u; id -g; hostname';
    const args = ['run', '--rm', ...options, '-h', 'box', '--entrypoint', 'sh', app.image, '-c', script];
    expect(await a.ok(args, { env: { TAKEN: 'from here' } })).toBe('1 2 from here file\n/var/made\n7\n8\nbox');
  });

  test('--platform takes an image that is for it, and no other', async () => {
    const [os, architecture] = (await a.ok(['image', 'inspect', '-f', '{{.Os}} {{.Architecture}}', app.image])).split(
      ' ',
    );
    expect(await said(['--platform', `${os}/${architecture}`], 'echo fits')).toBe('fits');
    const other = await a.run(['run', '--rm', '--pull', 'never', '--platform', 'linux/s390x', ...sh('echo fits')]);
    expect(other).toMatchObject({ exitCode: 125, stdout: '', stderr: expect.stringContaining('for linux/s390x') });
    expect(await a.ok(['ps', '-aq'])).toBe('');
  });

  test('--memory, --cpus and --pids-limit', async () => {
    const cgroup = (v1: string, v2: string) => `cat ${v2} ${v1} 2>/dev/null || true`;
    const script = [
      'cd /sys/fs/cgroup',
      cgroup('memory/memory.limit_in_bytes', 'memory.max'),
      cgroup('cpu/cpu.cfs_quota_us', 'cpu.max'),
      cgroup('pids/pids.max', 'pids.max'),
    ].join('; ');
    expect(await said(['-m', '64m', '--cpus', '.5', '--pids-limit', '50'], script)).toMatch(
      /^67108864\n50000( 100000)?\n50$/,
    );
  });

  test('--read-only, --tmpfs, --cap-drop, --init, --ulimit and --shm-size', async () => {
    expect(await said(['--read-only', '--tmpfs', '/t:size=1m'], 'touch /x || echo no; touch /t/x && df -m /t')).toMatch(
      /^no\n[\s\S]*tmpfs +1 /,
    );
    const able = 'chown nobody /tmp 2>/dev/null && echo yes || echo no';
    expect([await said([], able), await said(['--cap-drop', 'ALL'], able)]).toEqual(['yes', 'no']);
    expect(await said(['--cap-drop', 'ALL', '--cap-add', 'CHOWN'], able)).toBe('yes');
    const first = 'cat /proc/1/comm';
    expect([await said([], first), await said(['--init'], first)]).toEqual([
      ...['cat', expect.stringMatching(/init|tini/)],
    ]);
    expect(await said(['--ulimit', 'nofile=100:200'], 'ulimit -n; ulimit -Hn')).toBe('100\n200');
    expect(await said(['--shm-size', '2m'], 'df -m /dev/shm')).toMatch(/ 2 +0 +2 /);
  });

  test('--network and --network-alias, --add-host, --dns-search and --network none', async () => {
    await a.ok(['network', 'create', 'net']);
    await start('web', ['--network', 'net', '--network-alias', 'www', '--network-alias', 'shop'], serve);
    const fetched = (host: string) => said(['--network', 'net'], `timeout 3 wget -qO- http://${host}:8080/`);
    for (const host of ['www', 'shop', 'web']) await waitFor(async () => (await fetched(host)) === 'page');
    await expect(said([], 'timeout 3 wget -qO- http://www:8080/')).rejects.toThrow('ended with 1');
    expect(await said(['--add-host', 'there:192.0.2.1'], 'grep there /etc/hosts')).toBe('192.0.2.1\tthere');
    expect(await said(['--dns-search', 'shop.test'], 'cat /etc/resolv.conf')).toContain('search shop.test');
    expect(await said(['--network', 'none'], 'ls /sys/class/net')).toBe('lo');
    expect(await a.ok(['ps', '--format', '{{.Names}} {{.Networks}}', '--filter', 'network=net'])).toBe('web net');
    await a.ok(['rm', '-f', 'web']);
    await a.ok(['network', 'rm', 'net']);
  });
});

describe('mounts', () => {
  test('-v keeps what was written, for who mounts it after, and :ro takes the pen away', async () => {
    await said(['-v', 'data:/data'], 'echo kept > /data/file');
    expect(await said(['-v', 'data:/seen:ro'], 'cat /seen/file; touch /seen/x 2>/dev/null || echo no')).toBe(
      'kept\nno',
    );
    expect(await a.ok(['volume', 'ls', '-q'])).toBe('data');
    await start('user', ['-v', 'data:/data', '-v', '/own']);
    expect(await inspect('user', '{{range .Mounts}}{{.Type}} {{.Destination}} {{.RW}};{{end}}')).toBe(
      'volume /data true;volume /own true;',
    );
    expect(await a.ok(['ps', '--format', '{{.Names}}', '--filter', 'volume=data'])).toBe('user');
    expect(await said(['--volumes-from', 'user:ro'], 'cat /data/file')).toBe('kept');
    expect((await a.run(['volume', 'rm', 'data'])).stderr).toContain('mounted by a container');
    await a.ok(['rm', '-f', '-v', 'user']);
    expect(await a.ok(['volume', 'ls', '-q'])).toBe('data');
    await a.ok(['volume', 'rm', 'data']);
  });

  test('a volume begins with what the image has there, unless nobody wants it', async () => {
    const input = `FROM ${app.image}\nRUN mkdir /kept && echo of image > /kept/file && chown 7 /kept/file\nVOLUME /kept`;
    await a.ok(['build', '-q', '-t', 'keeping', '-'], { input });
    const look = ['keeping', 'sh', '-c', 'cat /kept/file; stat -c %u /kept/file'];
    expect(await a.ok(['run', '--rm', '-v', 'begun:/kept', ...look])).toBe('of image\n7');
    expect(await a.ok(['run', '--rm', ...look])).toBe('of image\n7');
    const empty = ['--mount', 'type=volume,source=empty,target=/kept,volume-nocopy'];
    expect(await a.ok(['run', '--rm', ...empty, 'keeping', 'ls', '/kept'])).toBe('');
    expect((await a.ok(['volume', 'ls', '-q'])).split('\n')).toEqual(['begun', 'empty']);
    await a.ok(['volume', 'rm', 'begun', 'empty']);
  });

  test('--mount of volumes and memory, and folders of the host refused with what to do', async () => {
    await said(['--mount', 'type=volume,source=disk,target=/data'], 'echo mounted > /data/file');
    const mounts = [
      '--mount',
      'type=volume,source=disk,target=/data,readonly',
      '--mount',
      'type=tmpfs,target=/t,tmpfs-size=1m',
    ];
    expect(await said(mounts, 'cat /data/file; touch /data/x 2>/dev/null || echo no; df -m /t')).toMatch(
      /^mounted\nno\n[\s\S]*tmpfs +1 /,
    );
    await a.ok(['volume', 'rm', 'disk']);
    for (const bind of [
      ['-v', '/etc:/host'],
      ['--mount', 'type=bind,source=/etc,target=/host'],
    ]) {
      const refused = await a.run(['run', '--rm', ...bind, ...sh('ls /host')]);
      expect(refused).toMatchObject({ exitCode: 125, stdout: '', stderr: expect.stringMatching(/volume/) });
    }
    expect(await a.ok(['ps', '-aq'])).toBe('');
  });
});

describe('how it is looked after', () => {
  test('--health-cmd', async () => {
    await start('well', ['--health-cmd', 'test -e /tmp/ok', '--health-interval', '300ms', '--health-retries', '2']);
    const health = () => inspect('well', '{{.State.Health.Status}}');
    await waitFor(async () => (await health()) === 'unhealthy');
    await a.ok(['exec', 'well', 'touch', '/tmp/ok']);
    await waitFor(async () => (await health()) === 'healthy');
    expect(await a.ok(['ps', '--format', '{{.Names}} {{.Status}}', '--filter', 'health=healthy'])).toMatch(
      /^well Up .*\(healthy\)$/,
    );
    expect(await a.ok(['ps', '-q', '--filter', 'health=unhealthy'])).toBe('');
    const input = `FROM ${app.image}\nHEALTHCHECK --interval=300ms CMD true`;
    await a.ok(['build', '-q', '-t', 'checked', '-'], { input });
    await a.ok(['run', '-d', '--name', 'unchecked', '--no-healthcheck', 'checked', 'sleep', '600']);
    await a.ok(['run', '-d', '--name', 'checked', 'checked', 'sleep', '600']);
    await waitFor(async () => (await inspect('checked', '{{.State.Health.Status}}')) === 'healthy');
    expect(await inspect('unchecked', '{{json .State.Health}}')).toBe('null');
    expect(await a.ok(['ps', '--format', '{{.Names}}', '--filter', 'health=none'])).toBe('unchecked');
  });

  test('--stop-signal and --stop-timeout', async () => {
    const polite = 'trap "exit 21" USR1; trap "" TERM; echo up; while :; do sleep 0.1; done';
    await start('polite', ['--stop-signal', 'USR1'], polite);
    await start('deaf', ['--stop-timeout', '1'], polite);
    for (const name of ['polite', 'deaf']) await waitFor(async () => (await a.ok(['logs', name])) === 'up');
    const began = Date.now();
    await a.ok(['stop', 'polite', 'deaf']);
    expect(Date.now() - began).toBeLessThan(9_000);
    expect([await inspect('polite', '{{.State.ExitCode}}'), await inspect('deaf', '{{.State.ExitCode}}')]).toEqual([
      ...['21', '137'],
    ]);
  });

  test('--restart always brings it back after its end, and not after a stop', async () => {
    await start('again', ['--restart', 'always'], 'sleep 0.2; exit 1');
    await waitFor(async () => Number(await inspect('again', '{{.RestartCount}}')) >= 1, { timeoutMs: 30_000 });
    await a.ok(['stop', '-t', '0', 'again']);
    const restarts = await inspect('again', '{{.State.Status}} {{.RestartCount}}');
    expect(restarts).toMatch(/^exited/);
    expect(await inspect('again', '{{.State.Status}} {{.RestartCount}}')).toBe(restarts);
  });

  test('-d --rm leaves nothing when it has ended', async () => {
    await a.ok(['run', '-d', '--rm', '--name', 'brief', '-v', '/anonymous', ...sh('exit 3')]);
    await waitFor(async () => (await a.ok(['ps', '-aq'])) === '');
    expect(await a.ok(['volume', 'ls', '-q'])).toBe('');
  });

  test('--cidfile holds the id, --name and --label are found again, and a name in use ends run with 125', async () => {
    const file = join(folder, 'cid');
    const id = await start('named', ['--cidfile', file, '--label', 'tier=web', '--label-file', labels()]);
    expect(await inspect('named', '{{.Id}} {{.Config.Labels.tier}} {{.Config.Labels.of}}')).toBe(`${id} web file`);
    expect(
      await a.ok(['inspect', '-f', '{{.Name}}', await a.ok(['ps', '-q', '--filter', `id=${id.slice(0, 8)}`])]),
    ).toBe('/named');
    expect((await a.run(['run', '--name', 'named', ...sh('true')])).exitCode).toBe(125);
    await a.ok(['rm', '-f', 'named']);
  });

  const labels = () => {
    writeFileSync(join(folder, 'labels'), 'of=file\n');
    return join(folder, 'labels');
  };
});
