/** docker build through the plain CLI: its options, its limits, and what builds leave behind. */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { startTestApp, type TestApp } from '../support/app.ts';
import { type DockerCli, dockerCli } from '../support/docker-cli.ts';
import { openDocker, testDockerHost } from '../support/engine.ts';
import { startRegistry, type TestRegistry } from '../support/registry.ts';
import { waitFor } from '../support/wait-for.ts';

const docker = openDocker(testDockerHost());
let app: TestApp;
let registry: TestRegistry;
let a: DockerCli;
let b: DockerCli;
let folder: string;

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'longshore-options-'));
  registry = await startRegistry();
  app = await startTestApp({
    provider: 'docker',
    env: {
      ...{ LONGSHORE_INSECURE_LOOPBACK_REGISTRIES: '1', LONGSHORE_LOG_LEVEL: 'error' },
      LONGSHORE_MAX_UPLOAD_MIB: '4',
    },
  });
  a = dockerCli(app.url, app.a.admin.key);
  b = dockerCli(app.url, app.b.admin.key);
});
afterAll(async () => {
  rmSync(folder, { recursive: true, force: true });
  a?.[Symbol.dispose]();
  b?.[Symbol.dispose]();
  await Promise.all([app?.close(), registry?.stop()]);
});

const from = (...lines: string[]) => [`FROM ${app.image}`, ...lines].join('\n');
const built = (cli: DockerCli, input: string, ...args: string[]) => cli.ok(['build', '-q', ...args, '-'], { input });

test('a base that its registry has anew is taken from there with --pull, and only then', async () => {
  const name = `${registry.host}/team/base:1`;
  const publish = async (text: string) => {
    await built(b, from(`RUN echo ${text} > /text`), '-t', name);
    await b.ok(['push', name]);
  };
  await publish('first');
  const dockerfile = `FROM ${name}\nCMD cat /text`;
  const told = await a.ok(['build', '-t', 'child', '-'], { input: dockerfile });
  expect(told).toMatch(/Digest: sha256:[0-9a-f]{64}/);
  expect(await a.ok(['run', '--rm', 'child'])).toBe('first');
  await publish('second');
  await built(a, dockerfile, '-t', 'child');
  expect(await a.ok(['run', '--rm', 'child'])).toBe('first');
  await built(a, dockerfile, '-t', 'child', '--pull');
  expect(await a.ok(['run', '--rm', 'child'])).toBe('second');
});

test('.dockerignore takes files out, the Dockerfile and itself as well', async () => {
  const ignoring = async (...patterns: string[]) => {
    const files = { Dockerfile: from('COPY . /all', 'CMD ls -A /all'), kept: '', left: '' };
    const context = mkdtempSync(join(folder, 'context-'));
    for (const [path, text] of Object.entries(files)) writeFileSync(join(context, path), text);
    writeFileSync(join(context, '.dockerignore'), patterns.join('\n'));
    await a.ok(['build', '-q', '-t', 'ignoring', context]);
    return (await a.ok(['run', '--rm', 'ignoring'])).split('\n');
  };
  expect(await ignoring('left')).toEqual(['.dockerignore', 'Dockerfile', 'kept']);
  expect(await ignoring('left', 'Dockerfile', '/.dockerignore')).toEqual(['kept']);
  expect(await ignoring('# all but one', '*', '!kept')).toEqual(['kept']);
  expect(await ignoring('**/Docker*', '!Dockerfile')).toEqual(['.dockerignore', 'Dockerfile', 'kept', 'left']);
});

test('arguments, labels and a target are as they are given', async () => {
  const input = [`FROM ${app.image} AS first`, 'ARG A=1', 'RUN echo $A > /a', 'CMD cat /a', 'FROM first', 'CMD false'];
  const options = ['--target', 'FIRST', '--build-arg', 'A=2', '--label', 'x=y', '--label', 'z', '-t', 'given'];
  await built(a, input.join('\n'), ...options);
  expect(await a.ok(['run', '--rm', 'given'])).toBe('2');
  expect(await a.ok(['inspect', '--format', '{{json .Config.Labels}}', 'given'])).toBe('{"recipe":"1","x":"y","z":""}');
  const missing = await a.run(['build', '--target', 'third', '-'], { input: input.join('\n') });
  expect(missing.stderr).toContain('failed to reach build target third in Dockerfile');
  const reserved = await a.run(['build', '--label', 'longshore.build=x', '-'], { input: from() });
  expect(reserved.stderr).toContain('reserved');
});

test('a platform is that of the bases, or the build is refused', async () => {
  const native = await a.ok(['inspect', '--format', '{{.Os}}/{{.Architecture}}', app.image]);
  const other = native.endsWith('arm64') ? 'linux/amd64' : 'linux/arm64';
  expect(await built(a, from(), '--platform', native)).toMatch(/^sha256:/);
  expect(await built(a, `FROM --platform=${native} ${app.image}\nRUN true`)).toMatch(/^sha256:/);
  for (const [input, ...options] of [
    [from(), '--platform', other],
    [`FROM --platform=${other} ${app.image}`],
    [`ARG P=${other}\nFROM --platform=$P ${app.image}`],
  ] as [string, ...string[]][]) {
    const refused = await a.run(['build', ...options, '-'], { input });
    expect(refused).toMatchObject({ exitCode: 1, stderr: expect.stringContaining(`not for ${other}`) });
  }
  const windows = await a.run(['build', '--platform', 'windows/amd64', '-'], { input: from() });
  expect(windows.stderr).toContain('Images for windows/amd64 cannot be built here');
});

test('steps of the tenant are found with --cache-from as without, which is said', async () => {
  const input = from('RUN date +%s%N > /when');
  const first = await built(a, input, '-t', 'cached');
  const told = await a.ok(['build', '--cache-from', 'cached', '--cache-from', 'nobody/has-it', '-'], { input });
  expect(told).toContain('[Note] cache-from: steps are taken from your own builds');
  expect(told).toContain('Using cache');
  expect(await built(a, input, '--cache-from', 'cached')).toBe(first);
  expect(await built(a, input, '--no-cache')).not.toBe(first);
});

describe('a build has limits', () => {
  test('of its files', async () => {
    writeFileSync(join(folder, 'Dockerfile'), from('COPY big /big'));
    writeFileSync(join(folder, 'big'), Buffer.alloc(5 * 2 ** 20));
    const refused = await a.run(['build', folder]);
    expect(refused).toMatchObject({ exitCode: 1, stderr: expect.stringContaining('at most 4 MiB') });
  });

  test('of its stages and instructions', async () => {
    const stages = Array.from({ length: 101 }, () => from()).join('\n');
    expect((await a.run(['build', '-'], { input: stages })).stderr).toContain('at most 100 stages');
    const steps = from(...Array.from({ length: 2000 }, () => 'LABEL a=b'));
    expect((await a.run(['build', '-'], { input: steps })).stderr).toContain('at most 2000 instructions');
  });

  test('of time, after which nothing of it runs', async () => {
    const hasty = await startTestApp({ provider: 'docker', env: { LONGSHORE_MAX_BUILD_SECONDS: '4' } });
    const cli = dockerCli(hasty.url, hasty.a.admin.key);
    try {
      const mark = `sleep 9${Date.now() % 1_000_000}`;
      const refused = await cli.run(['build', '-'], { input: from(`RUN ${mark}`) });
      expect(refused).toMatchObject({
        ...{ exitCode: 1, stderr: expect.stringContaining('did not end within 4 seconds') },
      });
      await waitFor(async () => {
        const there = await docker.listContainers({ all: true });
        return there.every(({ Command }) => !Command.includes(mark));
      });
    } finally {
      cli[Symbol.dispose]();
      await hasty.close();
    }
  });
});

describe('builder prune', () => {
  const reclaimed = (cli: DockerCli, ...args: string[]) => cli.ok(['builder', 'prune', '-f', ...args]);

  test("takes the steps of the tenant's builds, and none of its images or of another tenant's", async () => {
    await reclaimed(a);
    const input = from('RUN date +%s%N > /when; dd if=/dev/zero of=/zero bs=1024 count=2048', 'CMD cat /when');
    const [mine, theirs] = [await built(a, input, '-t', 'kept'), await built(b, input, '-t', 'kept')];
    await a.run(['build', '-'], { input: from('RUN dd if=/dev/zero of=/more bs=1024 count=3072', 'RUN false') });
    const when = await a.ok(['run', '--rm', 'kept']);
    expect(await reclaimed(a, '--filter', 'until=24h')).toContain('Total reclaimed space: 0B');
    const said = await reclaimed(a);
    // The layer of the image stays with it; that of the failed build goes.
    expect(said).toMatch(/Total reclaimed space: 3\.1\d*MB/);
    expect(await reclaimed(a)).toContain('Total reclaimed space: 0B');
    expect(await a.ok(['run', '--rm', 'kept'])).toBe(when);
    expect(await built(a, input)).not.toBe(mine);
    expect(await built(b, input)).toBe(theirs);
  });

  test('refuses what it would not do', async () => {
    expect((await a.run(['builder', 'prune', '-f', '--filter', 'nope=1'])).stderr).toContain("Invalid filter 'nope'");
    expect((await a.run(['builder', 'prune', '-f', '--filter', 'until=soon'])).stderr).toContain('Invalid filter');
    const sized = await app.a.admin.send('POST', '/v1.41/build/prune?keep-storage=1000');
    expect(sized.status).toBe(501);
  });
});
