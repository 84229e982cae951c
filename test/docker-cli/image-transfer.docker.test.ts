/** docker login, push, save, load and import through the plain CLI. */
import { execFileSync } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { copyFileSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { type DockerCli, dockerCli } from '../support/docker-cli.ts';
import { openDoor } from '../support/door.ts';
import { openDocker, testDockerHost } from '../support/engine.ts';
import { startRegistry } from '../support/registry.ts';

const nonce = randomBytes(6).toString('hex');
const credentials = { username: 'tester', password: `pw-${nonce}` };
const docker = openDocker(testDockerHost());
const { app, a, b, folder } = await openDoor({ LONGSHORE_INSECURE_LOOPBACK_REGISTRIES: '1' });
const registry = await startRegistry({ credentials });

beforeAll(() => make(a, 'mine:1', 'a'));
afterAll(() => registry.stop());

/** An image of the tenant's own, which says this text. */
const make = (cli: DockerCli, name: string, text: string) =>
  cli.ok(['build', '-q', '-t', name, '-'], {
    input: `FROM ${app.image}\nRUN echo ${nonce} ${text} > /text\nCMD cat /text`,
  });
const login = (cli: DockerCli) =>
  cli.ok(['login', '-u', credentials.username, '--password-stdin', registry.host], { input: credentials.password });
/** Names on the Engine that are not holds of ours. */
const plainNames = async () =>
  (await docker.listImages()).flatMap(({ RepoTags }) => RepoTags ?? []).filter((name) => name.includes(registry.host));

test('login says whether the registry takes the credential', async () => {
  expect(await login(a)).toContain('Login Succeeded');
  const wrong = await b.run(['login', '-u', 'tester', '--password-stdin', registry.host], { input: 'wrong' });
  expect(wrong).toMatchObject({ exitCode: 1, stderr: expect.stringContaining('refuses this username or password') });
  const away = await b.run(['login', '-u', 'x', '--password-stdin', 'registry.example'], { input: 'x' });
  expect(away).toMatchObject({ exitCode: 1, stderr: expect.stringContaining('registry.example') });
});

test('push sends an image to its registry, where everybody who may can pull it', async () => {
  await login(a);
  const name = `${registry.host}/team/pushed:1`;
  await a.ok(['tag', 'mine:1', name]);
  const said = await a.ok(['push', name]);
  expect(said).toContain(`The push refers to repository [${registry.host}/team/pushed]`);
  expect(said).toMatch(/[0-9a-f]{12}: Pushed/);
  expect(said).toMatch(/\n1: digest: sha256:[0-9a-f]{64} size: \d+$/);
  const digest = /sha256:[0-9a-f]{64}/.exec(said)?.[0];
  expect(await a.ok(['inspect', '--format', '{{json .RepoDigests}}', name])).toContain(digest);
  expect(await a.ok(['push', name])).toContain('Layer already exists');
  expect(await plainNames()).toEqual([]);
  expect((await b.run(['pull', name])).exitCode).toBe(1);
  await login(b);
  expect(await b.ok(['pull', name])).toContain(`Digest: ${digest}`);
  expect(await b.ok(['run', '--rm', name])).toBe(`${nonce} a`);
  expect(await b.ok(['inspect', '--format', '{{.Id}}', name])).toBe(
    await a.ok(['inspect', '--format', '{{.Id}}', 'mine:1']),
  );
  expect(await b.ok(['manifest', 'inspect', '--insecure', name])).toContain('"schemaVersion": 2');
});

test('two tenants who push under one name at once push each their own', async () => {
  await Promise.all([login(a), login(b)]);
  await make(b, 'theirs', 'b');
  const name = `${registry.host}/team/both:1`;
  await Promise.all([a.ok(['tag', 'mine:1', name]), b.ok(['tag', 'theirs', name])]);
  const ids = await Promise.all([a, b].map((cli) => cli.ok(['inspect', '--format', '{{.Id}}', name])));
  expect(ids[0]).not.toBe(ids[1]);
  for (let round = 0; round < 5; round++) {
    const pushed = await Promise.all([a, b].map((cli) => cli.ok(['push', name])));
    const digests = pushed.map((said) => /digest: (sha256:[0-9a-f]{64})/.exec(said)?.[1] ?? '');
    expect(await Promise.all(digests.map((digest) => imageOf(digest)))).toEqual(ids);
  }
});

/** The image that a manifest of the registry is of. */
async function imageOf(digest: string, repository = 'team/both'): Promise<string> {
  const answer = await atRegistry(`${repository}/manifests/${digest}`);
  return ((await answer.json()) as { config: { digest: string } }).config.digest;
}

function atRegistry(path: string): Promise<Response> {
  const pair = `${credentials.username}:${credentials.password}`;
  return fetch(`http://${registry.host}/v2/${path}`, {
    headers: {
      accept: 'application/vnd.docker.distribution.manifest.v2+json',
      authorization: `Basic ${Buffer.from(pair).toString('base64')}`,
    },
  });
}

test('what was built or committed leaves without a word of Longshore, under the id that it has here', async () => {
  await login(a);
  await make(a, 'built:1', 'built');
  await a.ok(['run', '--name', 'worker', '--label', 'app=shop', app.image, 'sh', '-c', `echo ${nonce} > /text`]);
  const containerId = await a.ok(['inspect', '--format', '{{.Id}}', 'worker']);
  await a.ok(['commit', '-c', 'CMD cat /text', 'worker', 'committed:1']);
  const { id: tenantId } = await app.operator.expect<{ id: string }>(200, 'GET', '/v1/tenants/tenant-a');
  for (const name of ['built', 'committed']) {
    const id = await a.ok(['inspect', '--format', '{{.Id}}', `${name}:1`]);
    const path = join(folder, `${name}.tar`);
    await a.ok(['save', '-o', path, `${name}:1`]);
    const saved = execFileSync('tar', ['-xOf', path, '--wildcards', '*json'], { encoding: 'utf8' });
    const [{ Config }] = JSON.parse(execFileSync('tar', ['-xOf', path, 'manifest.json'], { encoding: 'utf8' }));
    expect(Config).toBe(`${id.slice('sha256:'.length)}.json`);
    const target = `${registry.host}/team/${name}:1`;
    await a.ok(['tag', `${name}:1`, target]);
    const digest = /digest: (sha256:[0-9a-f]{64})/.exec(await a.ok(['push', target]))?.[1] ?? '';
    expect(await imageOf(digest, `team/${name}`)).toBe(id);
    const pushed = await (await atRegistry(`team/${name}/blobs/${id}`)).text();
    const shown = await a.ok(['image', 'inspect', `${name}:1`]);
    const history = await a.ok(['history', '--no-trunc', `${name}:1`]);
    expect(pushed).toContain(name === 'built' ? `echo ${nonce}` : '"Labels":{"app":"shop"');
    for (const text of [saved, pushed, shown, history]) {
      for (const ours of ['longshore.', tenantId, containerId]) expect(text).not.toContain(ours);
    }
    expect(await b.ok(['load', '-i', path])).toBe(`Loaded image: ${name}:1`);
    expect(await b.ok(['inspect', '--format', '{{.Id}}', `${name}:1`])).toBe(id);
    expect(await b.ok(['run', '--rm', `${name}:1`])).toContain(nonce);
  }
  await a.ok(['rm', 'worker']);
});

test('what cannot be pushed is said', async () => {
  expect((await a.run(['push', `${registry.host}/none:1`])).stderr).toContain(
    'An image does not exist locally with the tag',
  );
  await a.ok(['tag', app.image, 'registry.example/x:1']);
  expect((await a.run(['push', 'registry.example/x:1'])).stderr).toContain('registry.example');
  const other = dockerCli(app.url, app.a.admin.key);
  await a.ok(['tag', app.image, `${registry.host}/refused:1`]);
  expect((await other.run(['push', `${registry.host}/refused:1`])).stderr).toContain('refused access');
  other[Symbol.dispose]();
});

test('save writes what load reads, names included, and another tenant may have it', async () => {
  const path = join(folder, 'saved.tar');
  await make(a, 'saved:1', 'saved');
  await a.ok(['tag', 'saved:1', 'saved:2']);
  await a.ok(['save', '-o', path, 'saved', 'mine:1']);
  const manifest = JSON.parse(execFileSync('tar', ['-xOf', path, 'manifest.json'], { encoding: 'utf8' }));
  // The Engine writes the images of an archive in any order.
  const names = manifest.map(({ RepoTags }: { RepoTags: string[] }) => RepoTags).sort();
  expect(names).toEqual([['mine:1'], ['saved:1', 'saved:2']]);
  const repositories = JSON.parse(execFileSync('tar', ['-xOf', path, 'repositories'], { encoding: 'utf8' }));
  expect(Object.keys(repositories).sort()).toEqual(['mine', 'saved']);
  expect((await b.run(['image', 'inspect', 'saved:1'])).exitCode).toBe(1);
  expect((await b.ok(['load', '-i', path])).split('\n').sort()).toEqual([
    'Loaded image: mine:1',
    'Loaded image: saved:1',
    'Loaded image: saved:2',
  ]);
  expect(await b.ok(['run', '--rm', 'saved:2'])).toBe(`${nonce} saved`);
  execFileSync('gzip', ['-k', path]);
  expect(await b.ok(['load', '-q', '-i', `${path}.gz`])).toContain('Loaded image: mine:1');
  // What the Engine itself would write and read.
  const id = await a.ok(['inspect', '--format', '{{.Id}}', 'saved:1']);
  const byId = await a.run(['save', id, '-o', `${path}.id`]);
  expect(byId.exitCode).toBe(0);
  expect(await b.ok(['load', '-i', `${path}.id`])).toBe(`Loaded image ID: ${id}`);
  expect((await b.run(['load'], { input: 'no tar at all' })).stderr).toContain('The archive is no tar');
  expect((await a.run(['save', 'nothing-here', '-o', path])).stderr).toContain('No such image: nothing-here:latest');
});

test('import makes an image of a root file system', async () => {
  const root = join(folder, 'root.tar');
  const files = join(folder, 'root');
  mkdirSync(join(files, 'bin'), { recursive: true });
  copyFileSync('/bin/busybox', join(files, 'bin/cat'));
  writeFileSync(join(files, 'text'), `${nonce} imported\n`);
  execFileSync('tar', ['-C', files, '-cf', root, '.']);
  const changes = ['--change', 'CMD ["cat", "/text"]', '--change', 'ENV PATH=/bin', '--message', 'by hand'];
  const id = await a.ok(['import', ...changes, root, 'imported:1']);
  expect(id).toMatch(/^sha256:[0-9a-f]{64}$/);
  expect(await a.ok(['run', '--rm', 'imported:1'])).toBe(`${nonce} imported`);
  expect(await a.ok(['inspect', '--format', '{{.Comment}} {{len .RootFS.Layers}}', 'imported:1'])).toBe('by hand 1');
  expect(await a.ok(['import', '-'], { input: readFileSync(root) })).toMatch(/^sha256:/);
  expect((await a.run(['import', 'http://127.0.0.1:1/x.tar'])).stderr).toContain('Importing from a URL is refused');
  writeFileSync(join(folder, 'bad.tar'), 'bad');
  expect((await a.run(['import', join(folder, 'bad.tar')])).stderr).toContain('The archive is no tar');
});

test('a registry that is not there cannot be searched', async () => {
  expect((await a.run(['search', 'registry.example/x'])).stderr).toContain('registry.example');
});
