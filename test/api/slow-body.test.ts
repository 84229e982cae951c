import { createServer } from 'node:http';
import { type AddressInfo, connect } from 'node:net';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { refusing } from '../../src/api/raw-http.ts';
import { systemClock, systemIds } from '../../src/domain/clock.ts';

const server = createServer(
  { requestTimeout: 0 },
  refusing(
    systemIds,
    (request, response) => {
      let size = 0;
      request
        .on('error', () => {})
        .on('data', (chunk) => {
          size += chunk.length;
        });
      request.on('end', () => response.end(String(size)));
    },
    500,
  ),
);
beforeAll(() => new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve)));
afterAll(() => server.close());

/** Sends one byte after another, so many, with a pause before each; answers what came back until the connection closed. */
async function send(bytes: number, pauseMs: number, promised = bytes): Promise<string> {
  const socket = connect((server.address() as AddressInfo).port, '127.0.0.1');
  const closed = new Promise((resolve) => socket.once('close', resolve));
  let answer = '';
  socket
    .on('error', () => {})
    .on('data', (data) => {
      answer += data;
    });
  socket.write(`PUT /x HTTP/1.1\r\nhost: x\r\nconnection: close\r\ncontent-length: ${promised}\r\n\r\n`);
  for (let count = 0; count < bytes; count++) {
    await systemClock.sleep(pauseMs);
    socket.write('x');
  }
  await closed;
  return answer;
}

test('a body may take longer than it may stand still', async () => {
  expect(await send(10, 100)).toMatch(/\r\n\r\n.*10/s);
});

test('a body that stands still is cut off', async () => {
  expect(await send(1, 0, 2)).toBe('');
});
