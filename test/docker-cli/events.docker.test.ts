/** docker events: what is done with a container or an image without changing it, and what a start means for volumes and networks. */
import { once } from 'node:events';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { startTestApp, type TestApp } from '../support/app.ts';
import { type DockerCli, dockerCli } from '../support/docker-cli.ts';
import { startRegistry, type TestRegistry } from '../support/registry.ts';
import { waitFor } from '../support/wait-for.ts';

interface Message {
  Type: string;
  Action: string;
  Actor: { ID: string; Attributes: Record<string, string> };
  status?: string;
}

let app: TestApp;
let registry: TestRegistry;
let a: DockerCli;
let b: DockerCli;
let folder: string;

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'longshore-events-'));
  registry = await startRegistry();
  app = await startTestApp({
    provider: 'docker',
    env: { LONGSHORE_INSECURE_LOOPBACK_REGISTRIES: '1', LONGSHORE_LOG_LEVEL: 'error' },
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

async function past(cli: DockerCli, ...filters: string[]): Promise<Message[]> {
  const until = String(Math.ceil(Date.now() / 1000) + 1);
  const options = filters.flatMap((filter) => ['--filter', filter]);
  const text = await cli.ok(['events', '--since', '0', '--until', until, '--format', '{{json .}}', ...options]);
  return text
    .split('\n')
    .filter(Boolean)
    .map((line) => JSON.parse(line) as Message);
}
const actions = async (cli: DockerCli, ...filters: string[]) =>
  (await past(cli, ...filters)).map(({ Action }) => Action);

test('a start mounts its volumes and joins its networks, and an end is the opposite', async () => {
  await a.ok(['volume', 'create', 'disk']);
  await a.ok(['network', 'create', 'wire']);
  const mounts = ['-v', 'disk:/data:ro', '-v', '/own', '--tmpfs', '/tmp'];
  const id = await a.ok(['run', '-d', '--name', 'box', '--network', 'wire', ...mounts, app.image, 'sleep', '300']);
  await a.ok(['stop', '-t', '0', 'box']);
  const told = (await past(a)).filter(({ Actor }) => Actor.ID === id || Actor.Attributes.container === id);
  const words = told.map(({ Type, Action }) => `${Type} ${Action}`);
  const [up, down] = [words.indexOf('container start'), words.indexOf('container die')];
  expect(words.slice(0, up).sort()).toEqual([
    ...['container create', 'network connect', 'volume mount', 'volume mount'],
  ]);
  expect(words.slice(down)).toEqual([
    ...['container die', 'network disconnect', 'volume unmount', 'volume unmount', 'container stop'],
  ]);
  expect(await past(a, 'volume=disk', 'event=mount')).toMatchObject([
    {
      Type: 'volume',
      Actor: { ID: 'disk', Attributes: { destination: '/data', driver: 'local', 'read/write': 'false' } },
    },
  ]);
  expect(await past(a, 'network=wire', 'event=connect')).toMatchObject([
    { Actor: { Attributes: { container: id, name: 'wire', type: 'bridge' } } },
  ]);
  await a.ok(['rm', '-v', 'box']);
});

test('commands are told with what they run, their id and how they ended', async () => {
  await a.ok(['run', '-d', '--name', 'shell', '--label', 'role=shell', app.image, 'sleep', '300']);
  expect((await a.run(['exec', 'shell', 'sh', '-c', 'exit 3'])).exitCode).toBe(3);
  await a.ok(['exec', '-d', 'shell', 'true']);
  const told = await waitFor(async () => {
    const found = await past(a, 'container=shell', 'event=exec_create', 'event=exec_start', 'event=exec_die');
    expect(found).toHaveLength(6);
    return found;
  });
  expect(told.slice(0, 3)).toMatchObject([
    { Action: 'exec_create: sh -c exit 3', status: 'exec_create: sh -c exit 3' },
    { Action: 'exec_start: sh -c exit 3' },
    { Action: 'exec_die', Actor: { Attributes: { exitCode: '3', role: 'shell', name: 'shell', image: app.image } } },
  ]);
  const ids = new Set(told.slice(0, 3).map(({ Actor }) => Actor.Attributes.execID));
  expect([...ids]).toEqual([expect.stringMatching(/^[0-9a-f]{64}$/)]);
  // The log itself has no commands in it.
  const { items } = await app.a.admin.expect<{ items: object[] }>(200, 'GET', '/v1/events?follow=false&limit=1000');
  expect(JSON.stringify(items)).not.toContain('exit 3');
});

test('attaching, resizing, copying, exporting, listing processes and committing are told', async () => {
  await a.ok(['run', '-d', '-t', '--name', 'busy', app.image, 'sleep', '300']);
  await a.ok(['run', '--rm', '--name', 'seen', app.image, 'true']);
  writeFileSync(join(folder, 'note'), 'hello');
  await a.ok(['cp', join(folder, 'note'), 'busy:/tmp/note']);
  await a.ok(['cp', 'busy:/tmp/note', join(folder, 'back')]);
  await a.ok(['export', '-o', join(folder, 'busy.tar'), 'busy']);
  await a.ok(['top', 'busy']);
  await app.a.admin.expect(200, 'POST', '/v1.44/containers/busy/resize?h=20&w=60');
  const image = await a.ok(['commit', 'busy', 'made:1']);
  expect((await actions(a, 'container=busy')).slice(2)).toEqual([
    ...['extract-to-dir', 'archive-path', 'export', 'top', 'resize', 'commit'],
  ]);
  expect(await past(a, 'container=busy', 'event=resize', 'event=commit')).toMatchObject([
    { Actor: { Attributes: { height: '20', width: '60' } } },
    { Actor: { Attributes: { imageID: image, imageRef: 'made:1' } } },
  ]);
  expect(await actions(a, 'event=attach')).toEqual(['attach']);
  // What did not happen is not told.
  await a.run(['cp', 'busy:/nothing', join(folder, 'none')]);
  expect(await actions(a, 'container=busy', 'event=archive-path')).toHaveLength(1);
});

test('the life of an image is told: built, tagged, pushed, pulled, saved, loaded, untagged and deleted', async () => {
  const name = `${registry.host}/team/told:1`;
  await a.ok(['build', '-q', '-t', 'told:1', '-'], { input: `FROM ${app.image}\nLABEL tale=yes` });
  await a.ok(['tag', 'told:1', name]);
  await a.ok(['push', name]);
  await a.ok(['save', '-o', join(folder, 'told.tar'), 'told:1']);
  await a.ok(['load', '-q', '-i', join(folder, 'told.tar')]);
  await a.ok(['pull', '-q', name]);
  await a.ok(['rmi', 'told:1', name]);
  const told = await past(a, 'type=image', 'label=tale=yes');
  // Of an image that is gone, its labels are not known any more.
  expect(told).toEqual([]);
  const words = await actions(a, 'image=told:1', `image=${name}`);
  expect(words).toEqual(['tag', 'tag', 'push', 'save', 'load', 'pull', 'untag', 'untag', 'delete']);
  expect(await actions(b, 'type=image')).toEqual([]);
});

test('they come as they happen', async () => {
  await a.ok(['run', '-d', '--name', 'live', app.image, 'sleep', '300']);
  const following = a.start(['events', '--filter', 'container=live', '--format', '{{.Action}}']);
  let seen = '';
  following.stdout?.on('data', (chunk) => {
    seen += chunk;
  });
  await waitFor(async () => {
    await a.ok(['exec', 'live', 'true']);
    return seen.includes('exec_die');
  });
  expect(seen).toContain('exec_start: true');
  following.kill('SIGKILL');
  await once(following, 'exit');
});
