/** The local agent in front of a server that records what reaches it. */
import { once } from 'node:events';
import { existsSync, mkdtempSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { createServer, type IncomingMessage, request, type Server } from 'node:http';
import { connect, createServer as createNetServer, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { buffer, text } from 'node:stream/consumers';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { type RunningAgent, startAgent } from '../../src/agent/agent.ts';
import { sendRaw } from '../support/raw-http.ts';

const key = 'lsk_secret';
let folder: string;
let server: Server;
let url: URL;
let seen: { method: string; url: string; headers: string[]; body: Buffer }[];
let agent: RunningAgent;
const open: Socket[] = [];

beforeEach(async () => {
  folder = mkdtempSync(join(tmpdir(), 'longshore-agent-'));
  seen = [];
  server = createServer(async (incoming, response) => {
    // The agent's own question, whatever it relays.
    if (incoming.url === '/v1/provider') return void response.end('{"twoWay":true}');
    const body = await buffer(incoming);
    seen.push({ method: incoming.method ?? '', url: incoming.url ?? '', headers: incoming.rawHeaders, body });
    response.setHeader('keep-alive', 'timeout=1').setHeader('api-version', '1.44');
    response.end(body);
  });
  server.on('connection', (socket) => open.push(socket)).listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  url = new URL(`http://127.0.0.1:${typeof address === 'object' && address ? address.port : 0}`);
  agent = await startAgent({ url, key, ca: null }, { port: 0 });
});
afterEach(async () => {
  await agent.close();
  for (const socket of open.splice(0)) socket.destroy();
  server.close();
  rmSync(folder, { recursive: true });
});

const agentUrl = (of = agent) => new URL(of.dockerHost.replace('tcp:', 'http:'));
const send = (options: {
  method?: string;
  path?: string;
  headers?: Record<string, string>;
  body?: string | Buffer;
  to?: RunningAgent;
}) =>
  new Promise<{ status: number; headers: IncomingMessage['headers']; text: string }>((resolve, reject) => {
    const { method = 'GET', path = '/', headers = {}, body, to } = options;
    const { hostname, port } = agentUrl(to);
    const sent = request({ hostname, port, method, path, headers, agent: false }, async (answer) => {
      resolve({ status: answer.statusCode ?? 0, headers: answer.headers, text: await text(answer) });
    });
    sent.on('error', reject);
    sent.end(body);
  });
const headersOf = (n = 0) => {
  const raw = seen[n]?.headers ?? [];
  return Array.from({ length: raw.length / 2 }, (_, i) => `${raw[2 * i]?.toLowerCase()}: ${raw[2 * i + 1]}`);
};

describe('a plain request', () => {
  test('goes below the path that Longshore has', async () => {
    const below = await startAgent({ url: new URL('/live/', url), key, ca: null }, { port: 0 });
    try {
      await send({ path: '/v1.44/info?x=1', to: below });
      expect(seen.map((each) => each.url)).toEqual(['/live/v1.44/info?x=1']);
    } finally {
      await below.close();
    }
  });

  test('arrives as it was sent, with the credential and without what was about its connection', async () => {
    const answer = await send({
      method: 'POST',
      path: '/v1.44/containers/a%2Fb/json?filters=%7B%7D',
      headers: {
        connection: 'close, X-Mine',
        'x-mine': '1',
        'x-registry-auth': 'e30=',
        te: 'trailers',
        'keep-alive': '5',
      },
      body: 'hello',
    });
    expect([answer.status, answer.text, answer.headers['api-version']]).toEqual([200, 'hello', '1.44']);
    expect(answer.headers['keep-alive']).not.toBe('timeout=1');
    expect(seen[0]).toMatchObject({ method: 'POST', url: '/v1.44/containers/a%2Fb/json?filters=%7B%7D' });
    expect(headersOf()).toEqual(
      expect.arrayContaining([`authorization: Bearer ${key}`, `host: ${url.host}`, 'x-registry-auth: e30=']),
    );
    expect(headersOf().join()).not.toMatch(/x-mine|^te:|,te:|keep-alive: 5/);
  });

  test('with a body in chunks, with an empty one and with none keeps it so', async () => {
    await send({ method: 'PUT', headers: { 'transfer-encoding': 'chunked' }, body: Buffer.alloc(2_000_000, 'x') });
    await send({ method: 'POST', headers: { 'content-length': '0' } });
    await send({ method: 'DELETE' });
    await send({ method: 'HEAD' });
    expect(seen.map(({ method, body }) => [method, body.length])).toEqual([
      ['PUT', 2_000_000],
      ['POST', 0],
      ['DELETE', 0],
      ['HEAD', 0],
    ]);
  });

  test('is answered head first: a client may wait for it alone', async () => {
    server.removeAllListeners('request');
    server.on('request', (_, response) => response.flushHeaders());
    const { hostname, port } = agentUrl();
    const sent = request({ hostname, port, path: '/containers/x/wait', method: 'POST' });
    sent.end();
    const [answer] = (await once(sent, 'response')) as [IncomingMessage];
    expect(answer.statusCode).toBe(200);
    answer.on('error', () => {});
    sent.destroy();
  });

  test('that its client gives up is given up', async () => {
    const closed = new Promise((resolve) => {
      server.removeAllListeners('request');
      server.on('request', (_, response) => {
        response.write('first');
        response.on('close', () => resolve(response.writableFinished));
      });
    });
    const { hostname, port } = agentUrl();
    const sent = request({ hostname, port }).on('error', () => {});
    sent.end();
    const [answer] = (await once(sent, 'response')) as [IncomingMessage];
    answer.on('error', () => {});
    await once(answer, 'data');
    sent.destroy();
    expect(await closed).toBe(false);
  });

  test('to a Longshore that is not there is 502, and says where without saying the key', async () => {
    await agent.close();
    agent = await startAgent({ url: new URL('http://127.0.0.1:1'), key, ca: null }, { port: 0 });
    const answer = await send({ path: '/_ping' });
    expect([answer.status, JSON.parse(answer.text).message]).toEqual([
      502,
      'longshore connect: http://127.0.0.1:1 cannot be reached (ECONNREFUSED)',
    ]);
    const { port } = agentUrl();
    const [upgraded] = await sendRaw(agentUrl().origin, upgrade(`127.0.0.1:${port}`));
    expect([upgraded?.status, upgraded?.body]).toEqual([502, expect.stringContaining('ECONNREFUSED')]);
    expect(JSON.stringify([answer, upgraded])).not.toContain(key);
  });
});

const upgrade = (host: string, ...lines: string[]) =>
  `${['POST /exec/x/start HTTP/1.1', `Host: ${host}`, 'Connection: Upgrade', 'Upgrade: tcp', ...lines].join('\r\n')}\r\n\r\n`;

describe('an upgraded request', () => {
  /** The server's side of it, and the client's, once the server has said 101. */
  async function upgraded(body = ''): Promise<{ ours: Socket; theirs: Socket; first: Buffer; answer: string }> {
    const arrived = new Promise<[IncomingMessage, Socket, Buffer]>((resolve) =>
      server.on('upgrade', (...all) => resolve(all as [IncomingMessage, Socket, Buffer])),
    );
    const { hostname, port } = agentUrl();
    const ours = connect({ host: hostname, port: Number(port), allowHalfOpen: true });
    ours.write(upgrade(`127.0.0.1:${port}`, 'Content-Type: application/json', `Content-Length: ${body.length}`) + body);
    const [incoming, theirs, head] = await arrived;
    seen.push({ method: incoming.method ?? '', url: incoming.url ?? '', headers: incoming.rawHeaders, body: head });
    theirs.write('HTTP/1.1 101 UPGRADED\r\nConnection: Upgrade\r\nUpgrade: tcp\r\n\r\nat once');
    const [chunk] = (await once(ours, 'data')) as [Buffer];
    let answer = chunk.toString();
    while (!answer.includes('at once')) answer += String((await once(ours, 'data'))[0]);
    return { ours, theirs, first: head, answer };
  }

  test('takes its body along, and brings the answer and what comes right behind it', async () => {
    const { ours, theirs, first, answer } = await upgraded('{"Detach":false,"Tty":false}');
    expect(headersOf()).toEqual(
      expect.arrayContaining([
        `authorization: Bearer ${key}`,
        'connection: Upgrade',
        'upgrade: tcp',
        'content-length: 28',
      ]),
    );
    const body = first.length > 0 ? first : ((await once(theirs, 'data'))[0] as Buffer);
    expect(body.toString()).toBe('{"Detach":false,"Tty":false}');
    expect(answer).toBe('HTTP/1.1 101 UPGRADED\r\nConnection: Upgrade\r\nUpgrade: tcp\r\n\r\nat once');
    ours.destroy();
  });

  test('goes on in one direction when the other has ended, whichever that is', async () => {
    const one = await upgraded();
    const input = buffer(one.theirs);
    one.ours.end('last words');
    expect((await input).toString()).toBe('last words');
    const output = buffer(one.ours);
    one.theirs.end('an answer to them');
    expect((await output).toString()).toBe('an answer to them');

    const two = await upgraded();
    const rest = buffer(two.ours);
    two.theirs.end('bye');
    expect((await rest).toString()).toBe('bye');
    const late = buffer(two.theirs);
    two.ours.end('still here');
    expect((await late).toString()).toBe('still here');
  });

  test('is read no faster than the other side takes it', async () => {
    const { ours, theirs } = await upgraded();
    ours.pause();
    let accepted = 0;
    const chunk = Buffer.alloc(1 << 20);
    while (accepted < 256 && theirs.write(chunk)) accepted++;
    for (;;) {
      const drained = await Promise.race([once(theirs, 'drain').then(() => true), quiet()]);
      if (!drained) break;
      while (accepted < 256 && theirs.write(chunk)) accepted++;
      if (accepted >= 256) break;
    }
    expect(accepted).toBeLessThan(64);
    ours.destroy();
  });

  test('that is refused ends its connection, and no further request slips through on it', async () => {
    server.on('upgrade', (_, socket) => {
      socket.write(
        'HTTP/1.1 409 Conflict\r\nContent-Type: application/json\r\nConnection: keep-alive\r\nContent-Length: 2\r\n\r\n{}',
      );
      socket.on('data', (chunk: Buffer) => seen.push({ method: '', url: '', headers: [], body: chunk }));
    });
    const { port } = agentUrl();
    const socket = connect({ host: '127.0.0.1', port: Number(port) });
    socket.write(upgrade(`127.0.0.1:${port}`));
    const [head] = await once(socket, 'data');
    expect(String(head)).toMatch(
      /^HTTP\/1\.1 409 Conflict\r\nContent-Type: application\/json\r\nContent-Length: 2\r\nConnection: close\r\n\r\n/,
    );
    socket.write('GET /containers/json HTTP/1.1\r\nHost: x\r\n\r\n');
    await quiet();
    expect(seen).toEqual([]);
    socket.destroy();
  });

  test('ends on both sides when either breaks off', async () => {
    const one = await upgraded();
    one.theirs.on('error', () => {}).resume();
    const gone = once(one.theirs, 'end');
    one.ours.resetAndDestroy();
    await gone;
    const two = await upgraded();
    two.ours.on('error', () => {}).resume();
    const cut = once(two.ours, 'end');
    two.theirs.resetAndDestroy();
    await cut;
  });

  test('is answered in words when the other side does not speak HTTP', async () => {
    const babbler = createNetServer((socket) => socket.end('SSH-2.0-x\r\n\r\n')).listen(0, '127.0.0.1');
    await once(babbler, 'listening');
    await agent.close();
    const { port: target } = babbler.address() as { port: number };
    agent = await startAgent({ url: new URL(`http://127.0.0.1:${target}`), key, ca: null }, { port: 0 });
    const [answer] = await sendRaw(agentUrl().origin, upgrade(agentUrl().host));
    expect(answer).toMatchObject({ status: 502, body: expect.stringContaining('not HTTP') });
    babbler.close();
  });
});

/** Nothing happens for a while; there is no event to wait for. */
const quiet = () => new Promise<false>((resolve) => setTimeout(() => resolve(false), 300));

describe('a web page cannot use the port', () => {
  const ownHost = () => agentUrl().host;
  test.each<[string, () => Record<string, string>]>([
    ['a name that was made to point here', () => ({ host: 'evil.example' })],
    ['that name with the port', () => ({ host: `evil.example:${agentUrl().port}` })],
    ['a name like ours', () => ({ host: `localhost.evil.example:${agentUrl().port}` })],
    ['another port', () => ({ host: '127.0.0.1:80' })],
    ['an origin', () => ({ host: ownHost(), origin: 'https://evil.example' })],
    ['our own origin', () => ({ host: ownHost(), origin: `http://${ownHost()}` })],
    ['no origin worth the name', () => ({ host: ownHost(), origin: 'null' })],
    ['an image on a page', () => ({ host: ownHost(), 'sec-fetch-site': 'cross-site', 'sec-fetch-mode': 'no-cors' })],
    ['an address that was typed', () => ({ host: ownHost(), 'sec-fetch-site': 'none' })],
    ['a form of an old browser', () => ({ host: ownHost(), referer: 'http://evil.example/' })],
    ['a cookie', () => ({ host: ownHost(), cookie: 'a=b' })],
  ])('%s', async (_, headers) => {
    for (const method of ['GET', 'POST', 'OPTIONS']) {
      const answer = await send({ method, path: '/containers/json', headers: headers() });
      expect([answer.status, answer.headers['access-control-allow-origin']]).toEqual([403, undefined]);
    }
    const { host = '', ...more } = headers();
    const lines = Object.entries(more).map(([name, value]) => `${name}: ${value}`);
    const [answer] = await sendRaw(agentUrl().origin, upgrade(host, ...lines));
    expect(answer?.status).toBe(403);
    expect(seen).toEqual([]);
  });

  test('127.0.0.1 and localhost are its names', async () => {
    for (const host of [ownHost(), `localhost:${agentUrl().port}`]) {
      expect((await send({ headers: { host } })).status).toBe(200);
    }
  });
});

test('a credential of the client’s own is refused, unless it is the same', async () => {
  expect((await send({ headers: { authorization: `Bearer ${key}` } })).status).toBe(200);
  const other = await send({ headers: { authorization: 'Bearer lsk_other' } });
  expect([other.status, other.text]).toEqual([400, expect.stringContaining('config.json')]);
  expect(headersOf().filter((line) => line.startsWith('authorization'))).toEqual([`authorization: Bearer ${key}`]);
});

describe('the socket', () => {
  const place = () => ({ socketPath: join(folder, 'new/docker.sock') });
  const target = () => ({ url, key, ca: null });
  const ping = (socketPath: string) =>
    new Promise<number>((resolve, reject) => {
      const sent = request({ socketPath, path: '/_ping', headers: { host: 'docker' } }, (answer) => {
        answer.resume();
        resolve(answer.statusCode ?? 0);
      });
      sent.on('error', reject).end();
    });

  test('is for its user alone, takes any Host, and goes with the agent', async () => {
    const other = await startAgent(target(), place());
    const { socketPath } = place();
    expect(other.dockerHost).toBe(`unix://${socketPath}`);
    expect([statSync(socketPath).mode & 0o777, statSync(join(folder, 'new')).mode & 0o777]).toEqual([0o600, 0o700]);
    expect(await ping(socketPath)).toBe(200);
    await other.close();
    expect(existsSync(socketPath)).toBe(false);
  });

  test('of an agent that runs is not taken away, nor is a file', async () => {
    const other = await startAgent(target(), place());
    await expect(startAgent(target(), place())).rejects.toThrow('Somebody listens');
    expect(await ping(place().socketPath)).toBe(200);
    await other.close();
    writeFileSync(place().socketPath, 'mine');
    await expect(startAgent(target(), place())).rejects.toThrow('is no socket');
  });
});
