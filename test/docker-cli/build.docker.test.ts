/** docker build through the plain CLI, by the classic builder. */
import { mkdirSync, mkdtempSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { describe, expect, test } from 'vitest';
import type { DockerCli } from '../support/docker-cli.ts';
import { openDoor } from '../support/door.ts';

const { app, a, b, folder: root } = await openDoor();

/** A folder with these files. */
function context(files: Record<string, string>): string {
  const folder = mkdtempSync(join(root, 'context-'));
  for (const [path, text] of Object.entries(files)) {
    mkdirSync(dirname(join(folder, path)), { recursive: true });
    writeFileSync(join(folder, path), text);
  }
  return folder;
}
const from = (...lines: string[]) => [`FROM ${app.image}`, ...lines].join('\n');
const build = (cli: DockerCli, folder: string, ...args: string[]) => cli.ok(['build', ...args, folder]);

test('a Dockerfile with files, arguments, a user and a health check becomes an image that runs', async () => {
  const dockerfile = from(
    'ARG GREETING=hello',
    'ARG WHO',
    'COPY . /app/',
    'RUN echo "$GREETING $WHO" > /app/said \\',
    '  # a comment in between',
    '  && cat /app/said',
    'WORKDIR /app',
    'USER nobody',
    'HEALTHCHECK --interval=2s CMD cat /app/said',
    'CMD ["cat", "said", "kept.txt"]',
  );
  const folder = context({
    Dockerfile: dockerfile,
    'kept.txt': 'kept\n',
    'left.txt': 'left\n',
    '.dockerignore': 'left.txt\n',
  });
  const said = await build(
    a,
    folder,
    '-t',
    'built:1',
    '-t',
    'team/built',
    '--build-arg',
    'WHO=world',
    '--label',
    'by=us',
  );
  expect(said).toContain(`Step 1/10 : FROM ${app.image}`);
  expect(said).toContain('Step 2/10 : ARG GREETING=hello');
  expect(said).toContain('Step 5/10 : RUN echo "$GREETING $WHO" > /app/said   && cat /app/said');
  expect(said).toContain('hello world\n');
  expect(said).toContain('Step 10/10 : LABEL by=us');
  expect(said).toMatch(
    /Successfully built [0-9a-f]{12}\nSuccessfully tagged built:1\nSuccessfully tagged team\/built:latest$/,
  );
  expect(said).not.toContain('longshore.');
  expect(await a.ok(['run', '--rm', 'built:1'])).toBe('hello world\nkept');
  expect(await a.ok(['run', '--rm', 'built:1', 'sh', '-c', 'id -un; ls -A /app'])).toBe(
    'nobody\n.dockerignore\nDockerfile\nkept.txt\nsaid',
  );
  const format = '{{.Config.User}} {{.Config.WorkingDir}} {{.Config.Healthcheck.Interval}} {{json .Config.Labels}}';
  expect(await a.ok(['inspect', '--format', format, 'team/built'])).toBe('nobody /app 2s {"by":"us","recipe":"1"}');
  expect(await a.ok(['history', '--no-trunc', 'built:1'])).not.toContain('longshore.build');
  expect((await b.run(['image', 'inspect', 'built:1'])).stderr).toContain('No such image: built:1');
});

test('stages are built in their order, up to the target', async () => {
  const dockerfile = [
    `ARG BASE=${app.image}`,
    'FROM $BASE AS compiler',
    'RUN echo compiled > /out',
    'FROM $BASE',
    'COPY --from=compiler /out /out',
    'COPY --from=0 /out /out-too',
    `COPY --from=${app.image} /etc/passwd /passwd`,
    'CMD cat /out /out-too',
  ].join('\n');
  const folder = context({ Dockerfile: dockerfile });
  const said = await build(a, folder, '-t', 'staged');
  expect(said).toContain('Step 2/8 : FROM $BASE AS compiler');
  expect(said).toContain(`Step 7/8 : COPY --from=${app.image} /etc/passwd /passwd`);
  expect(await a.ok(['run', '--rm', 'staged'])).toBe('compiled\ncompiled');
  expect(await build(a, folder, '-t', 'first', '--target', 'compiler')).toContain('Step 3/3 : RUN');
  expect(await a.ok(['run', '--rm', 'first', 'cat', '/out'])).toBe('compiled');
});

test('a second build takes the steps of the first, unless it is told not to', async () => {
  const folder = context({ Dockerfile: from('RUN date +%s%N > /when') });
  const first = await build(a, folder, '-q');
  expect(first).toMatch(/^sha256:[0-9a-f]{64}$/);
  expect(await build(a, folder, '-q')).toBe(first);
  expect(await build(a, folder)).toContain('Using cache');
  expect(await build(a, folder, '-q', '--no-cache')).not.toBe(first);
});

test('builder prune takes what builds left to be taken again, of the time and labels that were asked for', async () => {
  const lines = from('LABEL step=kept', 'RUN date +%s%N > /when');
  const build = (cli: DockerCli) => cli.ok(['build', '-q', '-'], { input: lines });
  const removed = async (cli: DockerCli) => cli.ok(['rmi', await build(cli)]);
  const [mine, theirs] = [await build(a), await build(b)];
  await Promise.all([removed(a), removed(b)]);
  const prune = (...filters: string[]) =>
    a.ok(['builder', 'prune', '-af', ...filters.flatMap((filter) => ['--filter', filter])]);
  for (const filter of ['until=24h', 'label!=step=kept', 'label=step=other']) await prune(filter);
  expect(await build(a)).toBe(mine);
  await removed(a);
  await prune('label=step=kept');
  expect(await build(a)).not.toBe(mine);
  expect(await build(b)).toBe(theirs);
  expect((await a.run(['builder', 'prune', '-f', '--filter', 'inuse=1'])).stderr).toContain("Invalid filter 'inuse'");
});

test('a step that fails ends the build with its code', async () => {
  const folder = context({ Dockerfile: from('RUN echo before', 'RUN echo doomed; exit 7') });
  const failed = await a.run(['build', folder]);
  expect(failed.exitCode).toBe(7);
  expect(failed.stdout).toContain('Step 3/3 : RUN echo doomed; exit 7');
  expect(failed.stderr).toContain("The command '/bin/sh -c echo doomed; exit 7' returned a non-zero code: 7");
  const quiet = await a.run(['build', '-q', folder]);
  expect(quiet).toMatchObject({ exitCode: 7, stderr: expect.stringContaining('doomed') });
});

test('a Dockerfile comes from the standard input, or by another name', async () => {
  expect(await a.ok(['build', '-t', 'piped', '-'], { input: from('CMD echo piped') })).toContain(
    'Successfully tagged piped',
  );
  expect(await a.ok(['run', '--rm', 'piped'])).toBe('piped');
  const folder = context({ 'docker/Other': from('COPY docker/Other /it') });
  await build(a, folder, '-t', 'other', '-f', join(folder, 'docker/Other'));
  expect(await a.ok(['run', '--rm', 'other', 'head', '-1', '/it'])).toBe(`FROM ${app.image}`);
  const tarball = await a.run(['build', '-f', '-', folder], { input: from('COPY docker/Other /it') });
  expect(tarball).toMatchObject({ exitCode: 0, stderr: expect.not.stringContaining('rror') });
});

describe('the triggers of a base', () => {
  const triggers = ['ONBUILD COPY . /app/', 'ONBUILD RUN wc -l < /app/lines > /counted', 'ONBUILD ENV COUNTED=yes'];

  test('are run once, after its FROM and before all else, and are no triggers of what is made', async () => {
    await a.ok(['build', '-t', 'base:1', '-'], { input: from(...triggers, 'CMD cat /counted') });
    expect(await a.ok(['inspect', '--format', '{{len .Config.OnBuild}}', 'base:1'])).toBe('3');
    const folder = context({
      Dockerfile: 'FROM base:1 AS counter\nRUN echo "env $COUNTED" >> /counted\n',
      lines: '1\n2\n',
    });
    const said = await build(a, folder, '-t', 'child');
    expect(said).toContain('Step 1/5 : FROM base:1 AS counter');
    expect(said).toContain('Step 3/5 : RUN wc -l < /app/lines > /counted');
    expect(said).toContain('Step 5/5 : RUN echo "env $COUNTED" >> /counted');
    expect(await a.ok(['run', '--rm', 'child'])).toBe('2\nenv yes');
    expect(await a.ok(['inspect', '--format', '{{json .Config.OnBuild}}', 'child'])).toMatch(/^(null|\[\])$/);
    const grandchild = context({ Dockerfile: 'FROM child\nCMD ["ls", "/app"]\n', unseen: '' });
    expect(await build(a, grandchild, '-t', 'grandchild')).toContain('Step 1/2 : FROM child');
    expect(await a.ok(['run', '--rm', 'grandchild'])).not.toContain('unseen');
    // The base has its own as before, and the steps of the first build are there for a second.
    expect(await a.ok(['inspect', '--format', '{{len .Config.OnBuild}}', 'base:1'])).toBe('3');
    const again = await build(a, folder);
    expect([...again.matchAll(/Using cache/g)]).toHaveLength(4);
  });

  test("are each tenant's own steps, of a base that two tenants have", async () => {
    await a.ok(['build', '-t', 'shared', '-'], {
      input: from('ONBUILD RUN cat /proc/sys/kernel/random/uuid > /id', 'CMD cat /id'),
    });
    const path = join(a.configDir, 'shared.tar');
    await a.ok(['save', '-o', path, 'shared']);
    await b.ok(['load', '-i', path]);
    const of = async (cli: DockerCli) => {
      const id = await cli.ok(['build', '-q', '-'], { input: 'FROM shared' });
      return cli.ok(['run', '--rm', id]);
    };
    const [ours, theirs] = [await of(a), await of(b)];
    expect(ours).toMatch(/^[0-9a-f-]{36}$/);
    expect(theirs).not.toBe(ours);
    expect(await of(a)).toBe(ours);
  });

  test('of an earlier stage are run by whoever begins with that', async () => {
    const dockerfile = `FROM ${app.image} AS first\nONBUILD RUN echo staged > /staged\nFROM first\nCMD cat /staged`;
    await a.ok(['build', '-t', 'staged-trigger', '-'], { input: dockerfile });
    expect(await a.ok(['run', '--rm', 'staged-trigger'])).toBe('staged');
  });

  test('end a build with their code when they fail', async () => {
    await a.ok(['build', '-t', 'failing', '-'], { input: from('ONBUILD RUN echo doomed; exit 9') });
    const failed = await a.run(['build', '-'], { input: 'FROM failing' });
    expect(failed).toMatchObject({ exitCode: 9, stderr: expect.stringContaining('returned a non-zero code: 9') });
  });
});

describe('what is wrong is said', () => {
  const cases: [what: string, lines: string[], said: string][] = [
    ['an unknown instruction', ['', 'FROOM x'], 'dockerfile parse error line 3: unknown instruction: FROOM'],
    ['a file that is not there', ['COPY nothing /x'], 'COPY failed: file not found in build context'],
    ['a file of a URL', ['ADD http://127.0.0.1:1/x /x'], 'line 2: ADD from a URL'],
    ['a file of a URL in a variable', ['ARG U=http://127.0.0.1:1/', 'ADD $U /x'], 'line 3: ADD from a URL'],
    ['a mount', ['RUN --mount=type=cache,target=/x true'], 'line 2: the --mount option of RUN needs BuildKit'],
    ['a here-document', ['RUN <<EOF', 'true', 'EOF'], 'here-documents need BuildKit'],
    ['an image that nobody has', ['COPY --from=registry.example/x /x /x'], 'registry.example'],
    ['an image by an id that nobody has', [`COPY --from=sha256:${'0'.repeat(64)} /x /x`], 'No such image: sha256:000'],
    ['a trigger that takes from another image', ['ONBUILD COPY --from=x /x /x'], 'ONBUILD COPY --from is refused'],
    ['a label of ours', ['LABEL longshore.build=x'], 'names of labels that begin with "longshore." are reserved'],
  ];
  test.each(cases)('%s', async (_, lines, said) => {
    const failed = await a.run(['build', '-'], { input: from(...lines) });
    expect(failed.stderr).toContain(said);
    expect(failed.exitCode).toBe(1);
  });

  test('a stage that is not there', async () => {
    const input = `FROM ${app.image} AS base\n`;
    for (const stage of ['nope', '0', 'bas']) {
      const failed = await a.run(['build', '--target', stage, '-'], { input });
      expect(failed).toMatchObject({
        exitCode: 1,
        stderr: expect.stringContaining(`failed to reach build target ${stage}`),
      });
    }
    await a.ok(['build', '-q', '--target', 'BASE', '-'], { input });
  });

  test('BuildKit, and networks of others', async () => {
    const folder = context({ Dockerfile: from() });
    expect((await a.run(['build', '--network', 'host', folder])).stderr).toContain(
      'cannot have the network of the host',
    );
    expect((await a.run(['build', '--network', 'nope', folder])).stderr).toContain('No such network: nope');
    const answer = await app.a.admin.send('POST', '/v1.41/build?version=2');
    expect([answer.status, await answer.json()]).toEqual([
      501,
      { message: expect.stringContaining('DOCKER_BUILDKIT=0') },
    ]);
  });
});

test("another tenant's image is nobody's base, by whatever name", async () => {
  const id = (await a.ok(['build', '-q', '-t', 'secret', '-'], { input: from('RUN echo secret > /secret') })).trim();
  for (const name of ['secret', id, id.slice(7, 19), id.slice(7)]) {
    const failed = await b.run(['build', '-'], { input: `FROM ${name}\nRUN cat /secret\n` });
    expect([name, failed.exitCode === 0, failed.stdout.includes('secret\n')]).toEqual([name, false, false]);
    const copied = await b.run(['build', '-'], { input: from(`COPY --from=${name} /secret /secret`) });
    expect([name, copied.exitCode === 0]).toEqual([name, false]);
  }
});
