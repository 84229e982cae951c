/** `docker build` over AWS: on a machine of CodeBuild, from images of the tenant alone. */
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { openAwsDoor } from '../support/aws-door.ts';
import { waitFor } from '../support/wait-for.ts';

const { a, b, account, image, folder } = await openAwsDoor();

const context = (name: string, files: Record<string, string>): string => {
  const path = join(folder, name);
  mkdirSync(path);
  for (const [file, text] of Object.entries(files)) writeFileSync(join(path, file), text);
  return path;
};

test('a build with stages, arguments and triggers makes an image that runs', async () => {
  await a.ok(['pull', image]);
  const base = context('base', { Dockerfile: `FROM ${image}\nONBUILD RUN echo triggered > /tmp/once\n` });
  await a.ok(['build', '-t', 'base:1', base]);
  const path = context('app', {
    Dockerfile: [
      `FROM ${image} AS made`,
      'ARG WORD=none',
      'RUN echo "$WORD it\'s" > /tmp/word',
      'FROM base:1',
      'COPY --from=made /tmp/word /tmp/word',
      'COPY file /tmp/file',
      'CMD ["cat", "/tmp/word", "/tmp/file", "/tmp/once"]',
    ].join('\n'),
    file: 'from the context\n',
  });
  const said = await a.ok(['build', '-t', 'app:1', '--build-arg', 'WORD=hello', '--label', 'by=me', path]);
  expect(said).toContain('Step 1/');
  expect(said.match(/^Successfully built/gm)).toHaveLength(1);
  expect(said).toMatch(/Successfully tagged app:1/);
  expect(said).not.toContain('longshore/');
  expect(await a.ok(['run', '--rm', 'app:1'])).toBe("hello it's\nfrom the context\ntriggered");
  expect(await a.ok(['inspect', '--format', '{{.Config.Labels.by}}', 'app:1'])).toBe('me');
  expect(await b.ok(['images', '-q'])).toBe('');
}, 180_000);

test('a step that fails fails the build with its code, and nothing is left in the bucket', async () => {
  const path = context('failing', { Dockerfile: `FROM ${image}\nRUN echo doomed; exit 9\n` });
  const { exitCode, stdout, stderr } = await a.run(['build', path]);
  expect(exitCode).toBe(9);
  expect(stdout).toContain('doomed');
  expect(stderr).toContain("The command '/bin/sh -c echo doomed; exit 9' returned a non-zero code: 9");
  const keys = [...account.site.buckets.bucket('records').objects.keys()];
  expect(keys.filter((key) => key.includes('/builds/'))).toEqual([]);
}, 90_000);

test('who goes away ends the build', async () => {
  const path = context('long', { Dockerfile: `FROM ${image}\nRUN echo begun; sleep 300\n` });
  const child = a.start(['build', path]);
  const said: string[] = [];
  child.stdout?.on('data', (data: Buffer) => said.push(data.toString()));
  await waitFor(() => said.join('').includes('begun'), { timeoutMs: 30_000 });
  child.kill('SIGINT');
  const statuses = () => [...account.site.codebuild.builds.values()].map(({ shown }) => shown.buildStatus);
  await waitFor(() => statuses().includes('STOPPED'), { timeoutMs: 20_000 });
}, 60_000);

test("another tenant's image is none to begin with, and nothing of the machine is in a step", async () => {
  const id = await a.ok(['inspect', '--format', '{{.Id}}', 'base:1']);
  const path = context('foreign', { Dockerfile: `FROM ${id}\nRUN true\n` });
  const { exitCode, stderr } = await b.run(['build', path]);
  expect([exitCode, stderr]).toEqual([1, expect.stringContaining('No such image')]);
  const curious = context('curious', {
    Dockerfile: `FROM ${image}\nARG CODEBUILD_BUILD_ID\nARG AWS_REGION\nRUN echo "[$CODEBUILD_BUILD_ID$AWS_REGION]" && env\n`,
  });
  const said = await a.ok(['build', '--build-arg', 'AWS_REGION', '--build-arg', 'CODEBUILD_BUILD_ID', curious]);
  expect(said).toContain('\n[]\n');
}, 90_000);
