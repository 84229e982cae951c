/** A container's own input and output over a WebSocket, through both doors. On the memory provider. */
import { once } from 'node:events';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { WebSocket } from 'ws';
import { startTestApp, type TestApp } from '../support/app.ts';
import { openSocket } from '../support/web-socket.ts';

let app: TestApp;
beforeAll(async () => {
  app = await startTestApp({ provider: 'memory' });
});
afterAll(() => app.close());

const create = async (spec: object) =>
  (await app.a.admin.expect<{ id: string }>(201, 'POST', '/v1/containers', { image: app.image, ...spec })).id;
const start = (id: string) => app.a.admin.expect(200, 'POST', `/v1/containers/${id}/start`);
const headers = (key: string) => ({ authorization: `Bearer ${key}` });

test('who attaches before the start sees everything, and then the exit code', async () => {
  const id = await create({ command: ['sh', '-c', 'echo out; echo err >&2; exit 4'] });
  const { rest } = await openSocket(`${app.url}/v1/containers/${id}/attach/ws`, headers(app.a.viewer.key));
  await start(id);
  expect(await rest()).toEqual({
    stdout: 'out\n',
    stderr: 'err\n',
    messages: [{ type: 'exit', exitCode: 4 }],
    code: 1000,
  });
});

test('input goes to the container, from an admin only', async () => {
  const id = await create({ command: ['cat'], stdin: true });
  const url = `${app.url}/v1/containers/${id}/attach/ws?stdin=true`;
  await expect(openSocket(url, headers(app.a.viewer.key))).rejects.toThrow('HTTP 403');
  const { socket, rest } = await openSocket(url, headers(app.a.admin.key));
  await start(id);
  socket.send(Buffer.from('hello\n'));
  socket.send(JSON.stringify({ type: 'eof' }));
  expect(await rest()).toMatchObject({ stdout: expect.stringContaining('hello'), messages: [{ exitCode: 0 }] });
});

test('another tenant finds nothing to attach to, through either door', async () => {
  const id = await create({ command: ['sleep', '60'] });
  const v1 = `${app.url}/v1/containers/${id}/attach/ws`;
  const { rest } = await openSocket(v1, headers(app.b.admin.key));
  expect(await rest()).toMatchObject({ messages: [{ type: 'error', code: 'not_found' }], code: 4404 });
  const docker = `${app.url}/v1.44/containers/${id}/attach/ws?stream=1&stdout=1`;
  await expect(openSocket(docker, headers(app.b.admin.key))).rejects.toThrow('HTTP 404');
  await expect(openSocket(docker)).rejects.toThrow('HTTP 401');
});

test('the Docker door sends the bytes of the process as they are', async () => {
  const id = await create({ command: ['sh', '-c', 'echo out; echo err >&2'] });
  const url = `${app.url}/v1.44/containers/${id}/attach/ws?stream=1&stdout=1&stderr=1`.replace('http', 'ws');
  const socket = new WebSocket(url, { headers: headers(app.a.admin.key) });
  const seen: Buffer[] = [];
  socket.on('message', (data: Buffer) => seen.push(data));
  const closed = once(socket, 'close');
  await once(socket, 'open');
  await start(id);
  await closed;
  expect(Buffer.concat(seen).toString()).toBe('out\nerr\n');
});
