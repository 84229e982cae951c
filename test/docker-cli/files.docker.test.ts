/** docker cp, diff, export, commit, update, stats and top through the plain CLI, as one of two tenants. */
import { once } from 'node:events';
import { mkdirSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { openDoor } from '../support/door.ts';
import { inChunks, makeTar, readEntries } from '../support/tar.ts';
import { waitFor } from '../support/wait-for.ts';

const { app, a, b, folder } = await openDoor();

mkdirSync(join(folder, 'box/inner'), { recursive: true });
writeFileSync(join(folder, 'box/inner/note'), 'hello\n', { mode: 0o640 });
writeFileSync(join(folder, 'box/other'), 'x'.repeat(100_000));
symlinkSync('inner/note', join(folder, 'box/link'));

test('cp into a container before its first start is seen by what it starts', async () => {
  await a.ok(['create', '--name', 'early', app.image, 'sh', '-c', 'cat /tmp/box/inner/note; readlink /tmp/box/link']);
  await a.ok(['cp', join(folder, 'box'), 'early:/tmp/']);
  expect(await a.ok(['start', '-a', 'early'])).toBe('hello\ninner/note');
  await a.ok(['rm', 'early']);
});

test('cp streams tars in and out of a container that never ran, and of one that has ended', async () => {
  await a.ok(['create', '--name', 'still', app.image, 'sh', '-c', 'cat /root/piped >> /root/seen']);
  const tar = makeTar([{ path: 'piped', text: 'of a pipe\n' }]);
  await a.ok(['cp', '-', 'still:/root'], { input: tar });
  const read = async (path: string) =>
    readEntries(inChunks(Buffer.from((await a.run(['cp', `still:${path}`, '-'])).stdout)));
  expect(await read('/root/piped')).toMatchObject({ piped: { text: 'of a pipe\n' } });
  await a.ok(['start', '-a', 'still']);
  expect(await read('/root/seen')).toMatchObject({ seen: { text: 'of a pipe\n' } });
  const gone = await a.run(['cp', 'still:/root/none', '-']);
  expect(gone).toMatchObject({ exitCode: 1, stdout: '', stderr: expect.stringContaining('Could not find the file') });
  await a.ok(['rm', 'still']);
});

test('cp takes files and directories in and out, renames on the way, and streams tars', async () => {
  await a.ok(['run', '-d', '--name', 'cp', app.image, 'sleep', '300']);
  await a.ok(['cp', `${join(folder, 'box')}/.`, 'cp:/root']);
  await a.ok(['cp', join(folder, 'box/inner/note'), 'cp:/tmp/renamed']);
  expect(await a.ok(['exec', 'cp', 'sh', '-c', 'cat /root/inner/note /tmp/renamed; wc -c < /root/other'])).toBe(
    'hello\nhello\n100000',
  );
  const out = join(folder, 'out');
  await a.ok(['cp', 'cp:/root', out]);
  expect(readFileSync(join(out, 'inner/note'), 'utf8')).toBe('hello\n');
  await a.ok(['cp', 'cp:/tmp/renamed', join(folder, 'single')]);
  expect(readFileSync(join(folder, 'single'), 'utf8')).toBe('hello\n');
  await a.ok(['cp', '-L', 'cp:/root/link', join(folder, 'followed')]);
  expect(readFileSync(join(folder, 'followed'), 'utf8')).toBe('hello\n');
  const { stdout } = await a.run(['cp', 'cp:/root/inner', '-']);
  expect(await readEntries(inChunks(Buffer.from(stdout)))).toMatchObject({ 'inner/note': { text: 'hello\n' } });
  await a.ok(['cp', '-', 'cp:/tmp'], { input: stdout });
  expect(await a.ok(['exec', 'cp', 'cat', '/tmp/inner/note'])).toBe('hello');
  await a.ok(['rm', '-f', 'cp']);
});

test('cp of what is not there, onto what does not fit, and of a foreign container fails and says why', async () => {
  await a.ok(['create', '--name', 'lack', app.image]);
  const missing = await a.run(['cp', 'lack:/no/such', join(folder, 'none')]);
  expect(missing).toMatchObject({ exitCode: 1, stderr: expect.stringContaining('Could not find the file /no/such') });
  const over = await a.run(['cp', join(folder, 'box'), 'lack:/etc/passwd']);
  expect(over).toMatchObject({ exitCode: 1, stderr: expect.stringContaining('cannot') });
  for (const args of [
    ['cp', 'lack:/etc/passwd', '-'],
    ['cp', join(folder, 'box'), 'lack:/tmp'],
    ['diff', 'lack'],
  ]) {
    const done = await b.run(args);
    expect(done).toMatchObject({ exitCode: 1, stdout: '' });
    expect(done.stderr).toContain('No such container: lack');
  }
  expect(await a.ok(['diff', 'lack'])).toBe('');
  await a.ok(['rm', 'lack']);
});

test('diff and export show what a container did', async () => {
  await a.ok(['run', '--name', 'did', app.image, 'sh', '-c', 'echo hi > /new; rm /etc/group']);
  expect((await a.ok(['diff', 'did'])).split('\n').sort()).toEqual(['A /new', 'C /etc', 'D /etc/group']);
  const { stdout, exitCode } = await a.run(['export', 'did']);
  expect(exitCode).toBe(0);
  expect(stdout).toContain('hi\n');
  await a.ok(['export', '-o', join(folder, 'did.tar'), 'did']);
  const entries = await readEntries(inChunks(readFileSync(join(folder, 'did.tar')), 65_536));
  expect(entries.new).toMatchObject({ text: 'hi\n' });
  expect(await b.run(['export', 'did'])).toMatchObject({ exitCode: 1 });
  await a.ok(['rm', 'did']);
});

test('commit makes an image that runs, with its changes, and is of its tenant only', async () => {
  await a.ok(['run', '-d', '--name', 'base', '-e', 'A=1', app.image, 'sh', '-c', 'echo kept > /kept; sleep 300']);
  await waitFor(async () => (await a.run(['exec', 'base', 'cat', '/kept'])).stdout === 'kept\n');
  const id = await a.ok([
    ...['commit', '-a', 'Ann', '-m', 'for later', '-c', 'ENV B=$A$A', '-c', 'CMD ["sh","-c","cat /kept; echo $B"]'],
    ...['-c', 'LABEL tier=web', 'base', 'shop/kept:1'],
  ]);
  expect(id).toMatch(/^sha256:[0-9a-f]{64}$/);
  expect(await a.ok(['run', '--rm', 'shop/kept:1'])).toBe('kept\n11');
  const labels = JSON.parse(await a.ok(['image', 'inspect', 'shop/kept:1', '--format', '{{json .Config.Labels}}']));
  expect(labels.tier).toBe('web');
  expect(Object.keys(labels).filter((name) => name.startsWith('longshore.'))).toEqual([]);
  const forged = await a.run(['commit', '-c', 'LABEL longshore.tenant=x', 'base']);
  expect(forged).toMatchObject({ exitCode: 1, stderr: expect.stringContaining('labels.longshore.tenant') });
  expect(await b.run(['commit', 'base'])).toMatchObject({ exitCode: 1 });
  expect((await b.run(['image', 'inspect', id])).exitCode).toBe(1);
  await a.ok(['rm', '-f', 'base']);
  await a.ok(['rmi', 'shop/kept:1']);
});

test('update changes what a container may use while it runs', async () => {
  await a.ok(['run', '-d', '--name', 'grown', '-m', '64m', app.image, 'sleep', '300']);
  const limit = [
    'exec',
    'grown',
    'sh',
    '-c',
    'cat /sys/fs/cgroup/memory.max /sys/fs/cgroup/memory/memory.limit_in_bytes',
  ];
  expect((await a.run(limit)).stdout.trim()).toBe(String(64 * 2 ** 20));
  await a.ok(['update', '-m', '96m', '--memory-swap', '96m', '--cpus', '0.5', '--restart', 'on-failure:3', 'grown']);
  expect((await a.run(limit)).stdout.trim()).toBe(String(96 * 2 ** 20));
  const format = '{{.HostConfig.Memory}} {{.HostConfig.NanoCpus}} {{.HostConfig.RestartPolicy.Name}}';
  expect(await a.ok(['inspect', 'grown', '--format', format])).toBe(`${96 * 2 ** 20} 500000000 on-failure`);
  expect(await a.run(['update', '--cpuset-cpus', '0', 'grown'])).toMatchObject({ exitCode: 1 });
  expect(await b.run(['update', '-m', '32m', 'grown'])).toMatchObject({ exitCode: 1 });
  expect((await a.run(limit)).stdout.trim()).toBe(String(96 * 2 ** 20));
  await a.ok(['rm', '-f', 'grown']);
});

test('stats once and as a stream, top, and sizes say what a container uses', async () => {
  const script = 'head -c 200000 /dev/zero > /big; while :; do :; done';
  await a.ok(['run', '-d', '--name', 'busy', '-m', '64m', app.image, 'sh', '-c', script]);
  const format = '{{.Name}} {{.CPUPerc}} {{.MemUsage}} {{.PIDs}}';
  const once_ = await a.ok(['stats', '--no-stream', '--format', format, 'busy']);
  expect(once_).toMatch(/^busy [\d.]+% .* \/ 64MiB \d+$/);
  expect(Number(/ ([\d.]+)%/.exec(once_)?.[1])).toBeGreaterThan(1);
  const everyones = ['stats', '--no-stream', '--format', '{{.Name}}'];
  expect([await a.ok(everyones), await b.ok(everyones)]).toEqual(['busy', '']);
  const stream = a.start(['stats', '--format', '{{.Name}} {{.CPUPerc}}', 'busy']);
  let seen = '';
  for await (const chunk of stream.stdout ?? []) {
    seen += chunk;
    if ((seen.match(/busy [1-9]/g) ?? []).length >= 2) break;
  }
  stream.kill('SIGKILL');
  if (stream.exitCode === null && stream.signalCode === null) await once(stream, 'exit');
  expect(await a.ok(['top', 'busy', '-eo', 'pid,args'])).toMatch(/^PID +COMMAND\n *\d+ +sh -c head/);
  expect(await a.ok(['ps', '-s', '--format', '{{.Size}}', '--filter', 'name=busy'])).toMatch(/^200kB \(virtual /);
  expect(Number(await a.ok(['inspect', '-s', 'busy', '--format', '{{.SizeRw}}']))).toBeGreaterThanOrEqual(200_000);
  expect(await b.run(['top', 'busy'])).toMatchObject({ exitCode: 1 });
  expect(await b.run(['stats', '--no-stream', 'busy'])).toMatchObject({ exitCode: 1 });
  await a.ok(['rm', '-f', 'busy']);
  await a.ok(['create', '--name', 'idle', app.image]);
  expect(await a.ok(['stats', '--no-stream', '--format', '{{.Name}} {{.CPUPerc}}', 'idle'])).toBe('idle 0.00%');
  expect(await a.run(['top', 'idle'])).toMatchObject({ exitCode: 1 });
  await a.ok(['rm', 'idle']);
});
