/** What a slow or vanished reader of a log costs: nothing that grows, and nothing that stays. Nor does a byte get lost. */
import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { AppError } from '../../src/domain/errors.ts';
import type { LogChunk, Provider } from '../../src/providers/provider.ts';
import { startTestApp, type TestApp } from '../support/app.ts';
import { startContainer } from '../support/containers.ts';
import { waitFor } from '../support/wait-for.ts';

/** More than the kernel's buffers of a connection hold. */
const LINES = 1000;
const LINE_BYTES = 64 * 1024;

let app: TestApp;
let id: string;
/** Of the provider's stream of the last request. */
const stream = { read: 0, aborted: false, ended: false };

beforeAll(async () => {
  app = await startTestApp({ provider: 'memory' });
  id = await startContainer(app, ['sleep', '600']);
});
afterAll(() => app.close());

const endlessLog: Provider['logs'] = async function* (_run, { signal }): AsyncGenerator<LogChunk, void> {
  Object.assign(stream, { read: 0, aborted: false, ended: false });
  signal.addEventListener('abort', () => Object.assign(stream, { aborted: true }));
  const line = Buffer.alloc(LINE_BYTES, 'x');
  try {
    for (; stream.read < LINES && !signal.aborted; stream.read++)
      yield { stream: 'stdout', at: new Date(), line, ended: true };
    // As a followed log: nothing more comes until the reader goes away.
    if (!signal.aborted) await once(signal, 'abort');
  } finally {
    Object.assign(stream, { ended: true });
  }
};

/** A client that asks for the endless log and then reads nothing. */
async function ask(): Promise<Socket> {
  app.deps.provider.logs = endlessLog;
  const { hostname, port } = new URL(app.url);
  const socket = connect(Number(port), hostname);
  await once(socket, 'connect');
  socket.pause();
  socket.write(`GET /v1/containers/${id}/logs?follow=true HTTP/1.1\r\nhost: ${hostname}\r\n`);
  socket.write(`authorization: Bearer ${app.a.viewer.key}\r\n\r\n`);
  return socket;
}

test('a reader that does not read holds the log back, and its end ends the stream', async () => {
  const socket = await ask();
  let before = -1;
  await waitFor(
    () => {
      const same = stream.read > 0 && stream.read === before;
      before = stream.read;
      return same;
    },
    { intervalMs: 300 },
  );
  expect(stream.read).toBeLessThan(LINES / 2);
  expect(stream).toMatchObject({ aborted: false, ended: false });
  socket.destroy();
  await waitFor(() => stream.aborted && stream.ended);
});

test('a reader that goes away while nothing comes ends the stream as well', async () => {
  const socket = await ask();
  socket.resume();
  await waitFor(() => stream.read === LINES);
  expect(stream).toMatchObject({ aborted: false, ended: false });
  socket.destroy();
  await waitFor(() => stream.aborted && stream.ended);
});

test('bytes that are not UTF-8 come as they are in text, and in base64 beside the readable line in JSON', async () => {
  const line = Buffer.from([0x61, 0xff, 0x62]);
  app.deps.provider.logs = async function* () {
    yield { stream: 'stderr', at: new Date(0), line, ended: true };
  };
  const path = `/v1/containers/${id}/logs`;
  const text = await app.a.viewer.send('GET', path);
  expect(Buffer.from(await text.arrayBuffer())).toEqual(Buffer.concat([line, Buffer.from('\n')]));
  const headers = { accept: 'application/x-ndjson' };
  expect(await app.a.viewer.expect(200, 'GET', path, undefined, headers)).toEqual({
    stream: 'stderr',
    at: '1970-01-01T00:00:00.000Z',
    line: 'a\uFFFDb',
    base64: line.toString('base64'),
  });
});

test('a source that fails at once is a problem, and one that fails later cuts the answer', async () => {
  const path = `/v1/containers/${id}/logs`;
  const away = new AppError('unavailable', 'The provider is not available');
  app.deps.provider.logs = async function* () {
    yield* [];
    throw away;
  };
  expect(await app.a.viewer.expect(503, 'GET', path)).toMatchObject({ code: 'unavailable' });
  app.deps.provider.logs = async function* () {
    yield { stream: 'stdout', at: new Date(0), line: Buffer.from('half'), ended: false };
    throw away;
  };
  const cut = await app.a.viewer.send('GET', path);
  expect(cut.status).toBe(200);
  await expect(cut.text()).rejects.toThrow();
});
