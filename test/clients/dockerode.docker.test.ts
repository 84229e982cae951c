/** dockerode, unmodified but for the header with its tenant's key: plain requests and hijacked ones, without a version prefix. */
import { once } from 'node:events';
import { PassThrough } from 'node:stream';
import Docker from 'dockerode';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { startTestApp, type TestApp } from '../support/app.ts';

let app: TestApp;
let docker: Docker;

beforeAll(async () => {
  app = await startTestApp({ provider: 'docker' });
  docker = client(app.a.admin.key);
});
afterAll(() => app?.close());

function client(key: string): Docker {
  const { hostname, port } = new URL(app.url);
  return new Docker({ protocol: 'http', host: hostname, port, headers: { Authorization: `Bearer ${key}` } });
}

const create = (command: string[], more: Docker.ContainerCreateOptions = {}) =>
  docker.createContainer({ Image: app.image, Cmd: command, ...more });

test('run streams what the command says and resolves with its status', async () => {
  const output = new PassThrough();
  const text = read(output);
  const [status] = await docker.run(app.image, ['sh', '-c', 'echo hello; exit 3'], [output, new PassThrough()], {
    Tty: false,
    HostConfig: { AutoRemove: true },
  });
  output.end();
  expect(status).toEqual({ StatusCode: 3, Error: null });
  expect(await text).toBe('hello\n');
});

test('input and output of attach are carried in both directions', async () => {
  const container = await create(['cat'], { OpenStdin: true, StdinOnce: true, AttachStdin: true });
  const stream = await container.attach({ stream: true, stdin: true, stdout: true, stderr: true, hijack: true });
  const text = textOf(container, stream);
  await container.start();
  stream.end('piped\n');
  expect(await text).toBe('piped\n');
  expect(await container.wait()).toMatchObject({ StatusCode: 0 });
  await container.remove();
});

test('who does not upgrade gets the output as the body of an answer', async () => {
  const container = await create(['sh', '-c', 'echo plain']);
  const text = textOf(container, await container.attach({ stream: true, stdout: true, stderr: true }));
  await container.start();
  expect(await text).toBe('plain\n');
  await container.remove({ force: true });
});

test('exec answers its output and, afterwards, its exit code', async () => {
  const container = await create(['sleep', '600']);
  await container.start();
  const exec = await container.exec({
    Cmd: ['sh', '-c', 'echo out; echo err >&2; exit 5'],
    AttachStdout: true,
    AttachStderr: true,
  });
  const stream = await exec.start({});
  const [stdout, stderr] = [new PassThrough(), new PassThrough()];
  const texts = Promise.all([read(stdout), read(stderr)]);
  container.modem.demuxStream(stream, stdout, stderr);
  await once(stream, 'end');
  stdout.end();
  stderr.end();
  expect(await texts).toEqual(['out\n', 'err\n']);
  expect(await exec.inspect()).toMatchObject({ Running: false, ExitCode: 5, ContainerID: container.id });
  await container.remove({ force: true });
});

test('lists take filters in the shape of arrays, inspect and remove go by id', async () => {
  const container = await create(['true'], { Labels: { suite: 'dockerode' } });
  const found = await docker.listContainers({ all: true, filters: { label: ['suite=dockerode'] } });
  expect(found.map(({ Id }) => Id)).toEqual([container.id]);
  expect(await container.inspect()).toMatchObject({ Id: container.id, Config: { Labels: { suite: 'dockerode' } } });
  await container.remove();
  await expect(container.inspect()).rejects.toMatchObject({ statusCode: 404 });
});

test('what dockerode says of errors is what the door said, with the status that it reacts to', async () => {
  await expect(docker.getContainer('missing').start()).rejects.toMatchObject({
    statusCode: 404,
    json: { message: 'No such container: missing' },
  });
  await expect(docker.createContainer({ Image: 'no-such-image' })).rejects.toMatchObject({ statusCode: 404 });
  await expect(client('lsk_wrong').listContainers()).rejects.toMatchObject({ statusCode: 401 });
});

test('a crafted id goes nowhere', async () => {
  for (const id of ['a%2f..%2f..%2fversion', '../../version', 'a?x=1']) {
    await expect(docker.getContainer(id).inspect()).rejects.toMatchObject({ statusCode: expect.any(Number) });
  }
  expect((await fetch(`${app.url}/healthz`)).status).toBe(200);
});

/** Of its standard output, to the end of the stream. */
function textOf(container: Docker.Container, stream: NodeJS.ReadableStream): Promise<string> {
  const stdout = new PassThrough();
  container.modem.demuxStream(stream, stdout, new PassThrough());
  stream.once('end', () => stdout.end());
  return read(stdout);
}

async function read(stream: PassThrough): Promise<string> {
  let text = '';
  for await (const chunk of stream) text += chunk;
  return text;
}
