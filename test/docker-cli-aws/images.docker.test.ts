/** Images that go past Longshore: pushed to ECR by a tenant's own docker, and run through the Docker door. And those that leave it. */
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { openAwsDoor } from '../support/aws-door.ts';
import { busyboxImage } from '../support/base-images.ts';
import { dockerCliWith } from '../support/docker-cli.ts';
import { testDockerHost } from '../support/engine.ts';

const door = await openAwsDoor();
const { a, b, app, image, registry } = door;

interface PushAccess {
  registry: string;
  username: string;
  password: string;
  repositories: string[];
  login: string;
}

test('what a tenant pushes to ECR is an image of that tenant, and of no other', async () => {
  const access = await app.a.admin.expect<PushAccess>(201, 'POST', '/v1/images/push-credentials', {
    repositories: ['team/web'],
  });
  const name = `${access.repositories[0]}:v1`;
  using own = dockerCliWith({ DOCKER_HOST: testDockerHost() });
  const [, ...login] = access.login.split(' ');
  await own.ok(login, { input: access.password });
  await own.ok(['tag', busyboxImage, name]);
  try {
    await own.ok(['push', name]);
  } finally {
    await own.run(['rmi', name]);
  }
  expect(await a.ok(['images', '--format', '{{.Repository}}:{{.Tag}}'])).toContain(name);
  expect(await a.ok(['run', '--rm', name, 'echo', 'from ECR'])).toBe('from ECR');
  expect(await b.ok(['images', '--format', '{{.Repository}}:{{.Tag}}'])).not.toContain(name);
  await a.ok(['rmi', name]);
  expect(await a.ok(['images', '--format', '{{.Repository}}:{{.Tag}}'])).not.toContain(name);
}, 120_000);

test('an image is saved, loaded by another tenant, imported, and pushed to a registry', async () => {
  await a.ok(['pull', image]);
  const archive = join(door.folder, 'image.tar');
  await a.ok(['save', '-o', archive, image]);
  const loaded = await b.ok(['load', '-i', archive]);
  expect(loaded).toContain(`Loaded image: ${image}`);
  expect(await b.ok(['run', '--rm', image, 'echo', 'loaded'])).toBe('loaded');
  const id = await a.ok(['inspect', '--type', 'image', '--format', '{{.Id}}', image]);
  expect(await b.ok(['inspect', '--type', 'image', '--format', '{{.Id}}', image])).toBe(id);

  const made = await b.ok(['create', image, 'true']);
  await b.ok(['rm', made]);
  const root = join(door.folder, 'root.tar');
  const running = await a.ok(['run', '-d', image, 'sleep', '60']);
  await a.ok(['exec', running, 'sh', '-c', 'echo exported > /tmp/note']);
  await a.ok(['export', '-o', root, running]);
  await a.ok(['rm', '-f', running]);
  await a.ok(['import', root, 'mine:1']);
  expect(await a.ok(['run', '--rm', 'mine:1', 'cat', '/tmp/note'])).toBe('exported');

  const target = `${registry.host}/mine/pushed:1`;
  await a.ok(['tag', 'mine:1', target]);
  await a.ok(['push', target]);
  await b.ok(['pull', target]);
  expect(await b.ok(['run', '--rm', target, 'cat', '/tmp/note'])).toBe('exported');
}, 180_000);

test('files go in and out, and stats are read', async () => {
  const running = await a.ok(['run', '-d', '--name', 'files', image, 'sleep', '60']);
  const note = join(door.folder, 'note');
  writeFileSync(note, 'copied');
  await a.ok(['cp', note, 'files:/tmp/note']);
  expect(await a.ok(['exec', 'files', 'cat', '/tmp/note'])).toBe('copied');
  expect(await a.ok(['stats', '--no-stream', '--format', '{{.Name}} {{.MemUsage}}'])).toMatch(/^files \S+ \/ /);
  await a.ok(['rm', '-f', running]);
}, 90_000);
