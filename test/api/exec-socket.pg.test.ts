/** Interactive commands over a WebSocket: who gets in, what goes over it, and how it ends. On the memory provider. */
import { once } from 'node:events';
import { request } from 'node:http';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { startTestApp, type TestApp } from '../support/app.ts';
import type { TestClient } from '../support/client.ts';
import { startContainer } from '../support/containers.ts';
import { waitFor } from '../support/wait-for.ts';
import { openSocket } from '../support/web-socket.ts';

let app: TestApp;
let id: string;
beforeAll(async () => {
  app = await startTestApp({ provider: 'memory', env: { LONGSHORE_MAX_STREAMS: '2' } });
  id = await startContainer(app, ['sleep', '600']);
});
afterAll(() => app.close());

const ticketOf = async (client: TestClient) =>
  (await client.expect<{ ticket: string }>(201, 'POST', '/v1/tickets')).ticket;

const urlOf = (command: string[], more = '', container = id) =>
  `${app.url}/v1/containers/${container}/exec/ws?${command.map((word) => `command=${encodeURIComponent(word)}`).join('&')}${more}`;

const open = async (command: string[], more = '') =>
  openSocket(urlOf(command, `&ticket=${await ticketOf(app.a.admin)}${more}`));

test('input comes back as output, its end ends the command, and the exit code comes last', async () => {
  const { socket, next, rest } = await open(['cat']);
  socket.send(Buffer.from('hello'));
  expect(await next()).toEqual(Buffer.from('\u0001hello'));
  socket.send(JSON.stringify({ type: 'eof' }));
  expect(await rest()).toEqual({ stdout: '', stderr: '', messages: [{ type: 'exit', exitCode: 0 }], code: 1000 });
});

test('the two streams are told apart, except on a terminal', async () => {
  const command = ['sh', '-c', 'echo out; echo err >&2; exit 3'];
  const messages = [{ type: 'exit', exitCode: 3 }];
  expect(await (await open(command)).rest()).toEqual({ stdout: 'out\n', stderr: 'err\n', messages, code: 1000 });
  const onTerminal = await (await open(command, '&tty=true&columns=100&rows=40')).rest();
  expect(onTerminal).toEqual({ stdout: 'out\nerr\n', stderr: '', messages, code: 1000 });
});

test('what is sent before the command runs is not lost', async () => {
  const { socket, rest } = await open(['cat']);
  for (let count = 0; count < 100; count++) socket.send(Buffer.from(`${count} `));
  socket.send(JSON.stringify({ type: 'resize', columns: 10, rows: 10 }));
  socket.send(JSON.stringify({ type: 'eof' }));
  const { stdout, code } = await rest();
  expect(stdout).toBe(Array.from({ length: 100 }, (_, count) => `${count} `).join(''));
  expect(code).toBe(1000);
});

test('a ticket opens one connection, within its role', async () => {
  const ticket = await ticketOf(app.a.admin);
  await (await openSocket(urlOf(['true'], `&ticket=${ticket}`))).rest();
  await expect(openSocket(urlOf(['true'], `&ticket=${ticket}`))).rejects.toThrow('HTTP 401');
  await expect(openSocket(urlOf(['true'], `&ticket=${await ticketOf(app.a.viewer)}`))).rejects.toThrow('HTTP 403');
});

test('a client that is no browser may send its key as everywhere, and nobody puts one into the URL', async () => {
  const authorization = `Bearer ${app.a.admin.key}`;
  expect(await (await openSocket(urlOf(['true']), { authorization })).rest()).toMatchObject({ code: 1000 });
  await expect(openSocket(urlOf(['true']))).rejects.toThrow('HTTP 401');
  await expect(openSocket(urlOf(['true'], `&ticket=${app.a.admin.key}`))).rejects.toThrow('HTTP 400');
  await expect(openSocket(urlOf(['true'], `&key=${app.a.admin.key}`), { authorization })).rejects.toThrow('HTTP 400');
});

test('a page of another origin is refused, one of ours is not', async () => {
  const authorization = `Bearer ${app.a.admin.key}`;
  const foreign = openSocket(urlOf(['true']), { authorization, origin: 'https://evil.example' });
  await expect(foreign).rejects.toThrow('HTTP 403');
  const own = await openSocket(urlOf(['true']), { authorization, origin: app.url });
  expect(await own.rest()).toMatchObject({ code: 1000 });
});

test('what is wrong with the container is told on the socket, alike for a missing and a foreign one', async () => {
  const ticketB = async () => `&ticket=${await ticketOf(app.b.admin)}`;
  const foreign = await (await openSocket(urlOf(['true'], await ticketB()))).rest();
  const message = `No such container: ${id}`;
  expect(foreign).toMatchObject({ messages: [{ type: 'error', code: 'not_found', message }], code: 4404 });
  const stopped = await startContainer(app, ['true']);
  await app.a.admin.expect(200, 'GET', `/v1/containers/${stopped}/wait`);
  const more = `&ticket=${await ticketOf(app.a.admin)}`;
  const refused = await (await openSocket(urlOf(['true'], more, stopped))).rest();
  expect(refused).toMatchObject({ messages: [{ code: 'conflict', message: /it is exited/ }], code: 4409 });
});

test('frames that are no messages end the connection', async () => {
  const garbage = await open(['cat']);
  garbage.socket.send('ls -l');
  expect(await garbage.rest()).toMatchObject({ messages: [{ type: 'error', code: 'invalid' }], code: 4400 });
  const huge = await open(['cat']);
  huge.socket.send(Buffer.alloc(2 * 1024 * 1024));
  expect(await huge.rest()).toMatchObject({ code: 1009 });
});

test('a client that vanishes ends its session and gives its stream back', async () => {
  const sockets = await Promise.all([open(['cat']), open(['cat'])]);
  const third = await (await open(['true'])).rest();
  expect(third).toMatchObject({ messages: [{ code: 'rate_limited' }], code: 4429 });
  for (const { socket } of sockets) socket.terminate();
  await waitFor(async () => (await (await open(['true'])).rest()).code === 1000);
});

test('the session ends when its key is revoked', async () => {
  const made = await app.operator.expect<{ id: string; key: string }>(201, 'POST', '/v1/tenants/tenant-a/keys', {
    name: 'short-lived',
    role: 'admin',
  });
  const { rest } = await openSocket(urlOf(['cat']), { authorization: `Bearer ${made.key}` });
  await app.operator.expect(204, 'DELETE', `/v1/tenants/tenant-a/keys/${made.id}`);
  expect(await rest()).toMatchObject({ messages: [{ code: 'unauthenticated' }], code: 4401 });
});

test('without an upgrade the route says what it is', async () => {
  expect(await app.a.admin.expect(400, 'GET', urlOf(['true']).slice(app.url.length))).toMatchObject({
    detail: 'Connect to this route with a WebSocket',
  });
  await app.b.admin.expect(404, 'GET', urlOf(['true']).slice(app.url.length));
});

test('other upgrades are requests like any other', async () => {
  const { hostname, port } = new URL(app.url);
  const asked = request({ hostname, port, path: '/healthz', headers: { connection: 'upgrade', upgrade: 'h2c' } }).end();
  const [response] = await once(asked, 'response');
  expect(response.statusCode).toBe(200);
  response.resume();
});

test('a server that stops ends what is open', async () => {
  const other = await startTestApp({ provider: 'memory' });
  const made = await startContainer(other, ['sleep', '600']);
  const authorization = `Bearer ${other.a.admin.key}`;
  const path = `/v1/containers/${made}`;
  const socket = await openSocket(`${other.url}${path}/exec/ws?command=cat`, { authorization });
  const log = await other.a.admin.send('GET', `${path}/logs?follow=true`);
  const [, ended] = await Promise.all([other.close(), socket.rest(), expect(log.text()).rejects.toThrow()]);
  expect(ended).toMatchObject({ code: 1006 });
});
