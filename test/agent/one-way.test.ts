/** The agent in front of a Longshore that carries no connections, and that may fail at any moment or be somebody else. */
import { once } from 'node:events';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import { type AddressInfo, connect } from 'node:net';
import { text } from 'node:stream/consumers';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { WebSocketServer } from 'ws';
import { type RunningAgent, startAgent } from '../../src/agent/agent.ts';
import { systemIds } from '../../src/domain/clock.ts';
import { decodeMessage, encodeMessage, payloadKind } from '../../src/session-manager/message.ts';
import { listening } from '../../src/session-manager/script.ts';
import { waitFor } from '../support/wait-for.ts';

/** How it answers what the agent asks, by the last part of the path. */
let answers: Record<string, (response: ServerResponse, request: IncomingMessage) => void>;
let asked: string[];
let agent: RunningAgent;
const server = createServer((request, response) => {
  const name = new URL(request.url ?? '', 'http://longshore').pathname.split('/').at(-1) ?? '';
  asked.push(name);
  request.resume().once('end', () => (answers[name] ?? refuse)(response, request));
});
const refuse = (response: ServerResponse) => response.writeHead(501).end();
const json = (body: unknown) => (response: ServerResponse) => void response.end(JSON.stringify(body));

beforeEach(async () => {
  asked = [];
  answers = { provider: json({ twoWay: false }), result: (response) => response.writeHead(204).end() };
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  agent = await startAgent({ url: new URL(`http://127.0.0.1:${port}`), key: 'lsk_secret', ca: null }, { port: 0 });
});
afterEach(async () => {
  await agent.close();
  server.closeAllConnections();
  server.close();
  await once(server, 'close');
});

const agentPort = () => Number(new URL(agent.dockerHost).port);
/** A rejection that nobody takes would end its process, and makes this test run fail. */
const isAlive = async () => /^HTTP\/1\.1 501 /.test(await text(send('/info', 'Connection: close')));
function send(path: string, ...lines: string[]) {
  const head = [`POST ${path} HTTP/1.1`, `Host: 127.0.0.1:${agentPort()}`, ...lines, '', ''];
  const socket = connect(agentPort(), '127.0.0.1');
  socket.write(head.join('\r\n'));
  return socket;
}
const upgrade = (path: string) => send(path, 'Connection: Upgrade', 'Upgrade: tcp');
const session = (streamUrl: string) => ({
  ...{ streamUrl, token: 'token' },
  started: { script: 'true', mark: 'mark', resume: 'resume', tty: true, stdin: false },
});

test('a client that breaks off in the middle of its request ends nothing but itself', async () => {
  const socket = send('/exec/x/start', 'Content-Length: 100');
  await waitFor(() => asked.includes('provider'));
  socket.end('{"Detach"');
  await once(socket.resume(), 'close');
  expect(await isAlive()).toBe(true);
});

test.each(['ws+unix:///var/run/docker.sock:/info', 'http://127.0.0.1:1/', 'ws://127.0.0.1:1/#x', 'nowhere', ''])(
  'a session at "%s" is not spoken over, and the client is told',
  async (streamUrl) => {
    answers.session = json(session(streamUrl));
    expect(await text(upgrade('/exec/x/start'))).toMatch(/^HTTP\/1\.1 50[23] /);
    expect(await isAlive()).toBe(true);
  },
);

test('a log that is refused is asked for again, with pauses, while its container runs', async () => {
  const [startedAt, finishedAt] = ['2026-01-01T00:00:00.000Z', null];
  const view = { id: 'x', name: 'x', status: 'running', startedAt, finishedAt, observedGeneration: 1 };
  answers.x = json({ ...view, spec: { tty: false, stdin: false } });
  const socket = upgrade('/containers/x/attach?stream=1&stdout=1');
  await waitFor(() => asked.filter((name) => name === 'logs').length > 2);
  answers.x = json({ ...view, status: 'exited', spec: { tty: false, stdin: false } });
  await text(socket);
  expect(asked.filter((name) => name === 'logs').length).toBeLessThan(6);
});

test('what goes wrong behind the output of a command is no part of it', async () => {
  const container = new WebSocketServer({ host: '127.0.0.1', port: 0 });
  container.on('connection', (socket) => {
    let sequence = 0;
    const say = (said: Buffer | string) => {
      const rest = { type: 'output_stream_data', createdAtMs: 0, sequence: sequence++, flags: 0, id: systemIds.uuid() };
      socket.send(encodeMessage({ ...rest, payloadKind: payloadKind.data, payload: Buffer.from(said) }));
    };
    socket.once('message', () => say(listening));
    const heard = (data: Buffer) => {
      if (decodeMessage(data)?.payload.toString().endsWith('\n') !== true) return;
      socket.off('message', heard);
      say('markG;the output markX0;');
    };
    socket.on('message', heard);
  });
  await once(container, 'listening');
  answers.session = json(session(`ws://127.0.0.1:${(container.address() as AddressInfo).port}`));
  answers.result = (response) => response.destroy();
  const said: Buffer[] = [];
  const socket = upgrade('/exec/x/start');
  socket.on('error', () => {}).on('data', (chunk: Buffer) => said.push(chunk));
  await new Promise((resolve) => socket.once('close', resolve));
  const [head, ...output] = Buffer.concat(said).toString().split('\r\n\r\n');
  expect([head?.slice(0, 12), output]).toEqual(['HTTP/1.1 101', ['the output ']]);
  for (const socket of container.clients) socket.terminate();
  container.close();
});
