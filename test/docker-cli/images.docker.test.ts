/** docker pull, images, inspect, history, tag, rmi and prune through the plain CLI. */
import { randomBytes } from 'node:crypto';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, afterEach, expect, test } from 'vitest';
import { pushImage } from '../support/base-images.ts';
import { deriveImage } from '../support/derived-image.ts';
import type { DockerCli } from '../support/docker-cli.ts';
import { openDoor } from '../support/door.ts';
import { openDocker, testDockerHost } from '../support/engine.ts';
import { startRegistry, type TestRegistry } from '../support/registry.ts';

const nonce = randomBytes(6).toString('hex');
const credentials = { username: 'tester', password: `pw-${nonce}` };
const docker = openDocker(testDockerHost());
const { app, a, b } = await openDoor({ LONGSHORE_INSECURE_LOOPBACK_REGISTRIES: '1' });
const [open, closed] = await Promise.all([startRegistry(), startRegistry({ credentials })]);
const one = await publish(open, 'team/one:1');
const secret = await publish(closed, 'secret:1', credentials);
afterAll(() => Promise.all([open.stop(), closed.stop()]));
afterEach(async () => {
  const ids = (await a.ok(['images', '-q', '--filter', `label=text`])).split('\n').filter(Boolean);
  if (ids.length > 0) await a.ok(['rmi', '-f', ...new Set(ids)]);
});

/** In the registry, and not on the Engine. */
async function publish(registry: TestRegistry, name: string, login?: typeof credentials): Promise<string> {
  const local = `longshore-test/${nonce}-${name.replaceAll('/', '-')}`;
  await deriveImage(docker, local, `${nonce} ${name}`);
  const reference = await pushImage(docker, local, { host: registry.host, name, ...(login && { credentials: login }) });
  await docker.getImage(local).remove();
  return reference;
}

test('pull brings an image of a registry, says so, and says so when it is there', async () => {
  const first = await a.ok(['pull', one]);
  expect(first).toContain('1: Pulling from team/one');
  expect(first).toContain('Pull complete');
  expect(first).toMatch(/Digest: sha256:[0-9a-f]{64}\nStatus: Downloaded newer image for/);
  expect(first.split('\n').at(-1)).toBe(one);
  expect(await a.ok(['pull', one])).toContain(`Status: Image is up to date for ${one}`);
  expect(await a.ok(['pull', '-q', one])).toBe(one);
  expect(await a.ok(['run', '--rm', one])).toBe(`${nonce} team/one:1`);
  expect(await b.ok(['images', '-q', one])).toBe('');
});

test('pull from a registry that wants a login takes the one that was given, and says what is missing without', async () => {
  const refused = await a.run(['pull', secret]);
  expect(refused).toMatchObject({ exitCode: 1, stderr: expect.stringContaining('refused access') });
  const login = Buffer.from(`${credentials.username}:${credentials.password}`).toString('base64');
  const config = join(a.configDir, 'config.json');
  const before = readFileSync(config, 'utf8');
  writeFileSync(config, JSON.stringify({ ...JSON.parse(before), auths: { [closed.host]: { auth: login } } }));
  expect(await a.ok(['pull', '-q', secret])).toBe(secret);
  writeFileSync(config, before);
});

test('what the registry lacks, and registries that are not allowed, fail with a sentence', async () => {
  const missing = await a.run(['pull', `${open.host}/team/none:1`]);
  expect(missing).toMatchObject({ exitCode: 1, stderr: expect.stringContaining(`${open.host}/team/none:1`) });
  const elsewhere = await a.run(['pull', 'registry.example/x']);
  expect(elsewhere).toMatchObject({ exitCode: 1, stderr: expect.stringContaining('registry.example') });
  expect((await a.run(['image', 'inspect', 'x-none'])).stderr).toContain('No such image: x-none:latest');
});

test('run pulls what is missing', async () => {
  const done = await a.run(['run', '--rm', one]);
  expect(done).toMatchObject({ exitCode: 0, stdout: `${nonce} team/one:1\n` });
  expect(done.stderr).toContain('Unable to find image');
});

test('images, inspect and history show what was pulled', async () => {
  await a.ok(['pull', one]);
  const format = ['--format', '{{.Repository}} {{.Tag}} {{.ID}}'];
  const [, , short] = (await a.ok(['images', ...format, one])).split(' ');
  const id = await a.ok(['inspect', '--format', '{{.Id}}', one]);
  expect(id.slice('sha256:'.length, 'sha256:'.length + 12)).toBe(short);
  expect(await a.ok(['images', '-q', '--no-trunc', `${open.host}/team/one`])).toBe(id);
  expect(await a.ok(['images', '-q', '--filter', 'reference=*/team/*'])).toBe(short);
  expect(await a.ok(['images', '-q', '--filter', 'reference=*/x*'])).toBe('');
  expect(await a.ok(['images', '-q', '--filter', `label=text=${nonce} team/one:1`])).toBe(short);
  expect(await a.ok(['images', '-q', '--filter', `since=${app.image}`])).toBe(short);
  expect(await a.ok(['images', '-q', '--filter', `before=${one}`])).not.toContain(short);
  expect((await a.run(['images', '--filter', 'nope=1'])).stderr).toContain("Invalid filter 'nope'");
  expect(await a.ok(['images', '--digests', '--format', '{{.Digest}}', `${open.host}/team/one`])).toMatch(/^sha256:/);
  expect(
    await a.ok(['inspect', '--format', '{{index .Config.Cmd 0}} {{.Config.Labels.text}} {{.Os}}', short ?? '']),
  ).toBe(`cat ${nonce} team/one:1 linux`);
  expect(await a.ok(['inspect', '--format', '{{len .RootFS.Layers}}', one])).toBe('2');
  expect(await a.ok(['history', '--format', '{{.CreatedBy}}', '--no-trunc', one])).toContain('echo');
  expect((await b.run(['image', 'inspect', id])).stderr).toContain(`No such image: ${id}`);
});

test('tag gives names, and rmi takes them away and the image with the last', async () => {
  await a.ok(['pull', one]);
  await a.ok(['tag', one, 'mine']);
  await a.ok(['tag', 'mine', 'mine:2']);
  await a.ok(['tag', 'mine', 'registry.example/team/mine:3']);
  expect((await a.ok(['images', '--format', '{{.Repository}}:{{.Tag}}'])).split('\n')).toEqual(
    expect.arrayContaining([one, 'mine:latest', 'mine:2', 'registry.example/team/mine:3']),
  );
  expect(await a.ok(['rmi', 'mine', 'mine:2', one])).toBe(`Untagged: mine:latest\nUntagged: mine:2\nUntagged: ${one}`);
  expect(await a.ok(['rmi', 'registry.example/team/mine:3'])).toMatch(/Deleted: sha256:[0-9a-f]{64}$/);
  expect((await a.run(['rmi', 'mine'])).stderr).toContain('No such image: mine:latest');
});

test('an image in use is not removed', async () => {
  await a.ok(['run', '-d', '--name', 'user', one]);
  const refused = await a.run(['rmi', one]);
  expect(refused).toMatchObject({ exitCode: 1, stderr: expect.stringContaining('in use by the container "user"') });
  await a.ok(['rm', '-f', 'user']);
  expect(await a.ok(['rmi', one])).toContain('Deleted: sha256:');
});

test('image prune takes what has no name, and with -a what has no container', async () => {
  await a.ok(['pull', one]);
  expect(await a.ok(['image', 'prune', '-f'])).toContain('Total reclaimed space: 0B');
  expect(await a.ok(['image', 'prune', '-af', '--filter', 'label!=text'])).toContain('Total reclaimed space: 0B');
  expect(await a.ok(['image', 'prune', '-af', '--filter', 'until=24h'])).not.toContain('untagged');
  expect(await a.ok(['image', 'prune', '-af'])).toContain(`untagged: ${one}`);
});

test('rmi of everything that images lists', async () => {
  await a.ok(['pull', one]);
  const ids = (await a.ok(['images', '-q', '--filter', 'label=text'])).split('\n');
  expect(await a.ok(['rmi', ...ids])).toContain('Deleted: sha256:');
});

test('rmi $(docker images -q) takes everything that the tenant has; an image with several names wants -f', async () => {
  await a.ok(['pull', one]);
  await a.ok(['build', '-q', '-t', 'built', '-'], { input: `FROM ${one}\nRUN true` });
  const shared = await a.ok(['images', '-q', app.image]);
  const all = await a.script('docker rmi $(docker images -q)');
  expect(all.stdout).toContain('Deleted: sha256:');
  // What the operator shares stays, and is told of.
  expect(all.stdout).toContain('shared');
  expect(await a.ok(['images', '-q'])).toBe(shared);
  await a.ok(['pull', one]);
  await a.ok(['tag', one, 'other']);
  const id = await a.ok(['images', '-q', one]);
  const refused = await a.run(['rmi', id]);
  expect(refused).toMatchObject({
    exitCode: 1,
    stderr: expect.stringContaining('has several names'),
  });
  expect((await a.ok(['images', '-q', '--filter', 'label=text'])).split('\n')).toEqual([id, id]);
  await a.ok(['rmi', '-f', id]);
  expect(await a.ok(['images', '-q'])).toBe(shared);
});

test('run --pull says when the registry is asked', async () => {
  await publish(open, 'moving:1');
  const moving = `${open.host}/moving:1`;
  const run = (pull: string) => a.run(['run', '--rm', '--pull', pull, moving]);
  expect(await run('never')).toMatchObject({ exitCode: 125, stderr: expect.stringContaining('No such image') });
  expect(await run('missing')).toMatchObject({ exitCode: 0, stdout: `${nonce} moving:1\n` });
  await deriveImage(docker, `longshore-test/${nonce}-moved`, `${nonce} moved`);
  await pushImage(docker, `longshore-test/${nonce}-moved`, { host: open.host, name: 'moving:1' });
  await docker.getImage(`longshore-test/${nonce}-moved`).remove();
  expect(await run('never')).toMatchObject({ exitCode: 0, stdout: `${nonce} moving:1\n`, stderr: '' });
  expect(await run('missing')).toMatchObject({ exitCode: 0, stdout: `${nonce} moving:1\n` });
  expect(await run('always')).toMatchObject({ exitCode: 0, stdout: `${nonce} moved\n` });
  expect(await run('never')).toMatchObject({ exitCode: 0, stdout: `${nonce} moved\n` });
});

test('what loses its name is dangling: seen by its filter, and what image prune takes', async () => {
  const build = (text: string) =>
    a.ok(['build', '-q', '-t', 'rebuilt', '-'], { input: `FROM ${app.image}\nLABEL text=${text}` });
  const [before, after] = [await build('1'), await build('2')];
  const own = (...filters: string[]) =>
    a.ok(['images', '-q', '--no-trunc', ...['label=text', ...filters].flatMap((filter) => ['--filter', filter])]);
  expect([await own('dangling=true'), await own('dangling=false')]).toEqual([before, after]);
  expect(await a.ok(['image', 'prune', '-f'])).toContain(`deleted: ${before}`);
  expect(await own()).toBe(after);
});

test('events tell how an image came, was called and went, and nobody else of it', async () => {
  const since = String(Date.now() / 1000);
  await a.ok(['pull', one]);
  await a.ok(['tag', one, 'told']);
  await a.ok(['rmi', 'told', one]);
  const told = (cli: DockerCli) => {
    const range = ['--since', since, '--until', String(Math.ceil(Date.now() / 1000)), '--filter', 'type=image'];
    return cli.ok(['events', ...range, '--format', '{{.Action}}']);
  };
  expect((await told(a)).split('\n')).toEqual(['pull', 'tag', 'untag', 'untag', 'delete']);
  expect(await told(b)).toBe('');
});
