/** A data channel whose other end is a container that its tenant has made to harm whoever speaks with it. */
import { once } from 'node:events';
import type { AddressInfo } from 'node:net';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { type WebSocket, WebSocketServer } from 'ws';
import { systemClock, systemIds } from '../../src/domain/clock.ts';
import { DataChannel } from '../../src/session-manager/channel.ts';
import { commandOver } from '../../src/session-manager/command.ts';
import { decodeMessage, encodeMessage, payloadKind } from '../../src/session-manager/message.ts';
import { listening } from '../../src/session-manager/script.ts';

const site = { clock: systemClock, ids: systemIds, log: () => {} };
const manner = { tty: false, stdin: false, mark: 'mark', script: 'true' };
let server: WebSocketServer;
let channel: DataChannel;
/** What the container says, message by message. */
let talk: (socket: WebSocket, say: (payload: Buffer) => void) => void;

beforeEach(async () => {
  server = new WebSocketServer({ host: '127.0.0.1', port: 0 });
  server.on('connection', (socket) => {
    let sequence = 0;
    const say = (payload: Buffer) => {
      const rest = { type: 'output_stream_data', createdAtMs: 0, sequence, flags: 0, id: systemIds.uuid() };
      sequence += 1;
      socket.send(encodeMessage({ ...rest, payloadKind: payloadKind.data, payload }));
    };
    socket.once('message', () => talk(socket, say));
  });
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  channel = new DataChannel(site, { streamUrl: `ws://127.0.0.1:${port}`, token: 'token' }, async () => null);
});
afterEach(() => {
  channel.close();
  for (const socket of server.clients) socket.terminate();
  server.close();
});

test('a shell that talks without end is not listened to for long, nor kept in memory', async () => {
  const piece = Buffer.alloc(64 * 1024, 'y\n');
  talk = (socket, say) => {
    const more = () => {
      if (socket.readyState !== socket.OPEN) return;
      if (socket.bufferedAmount < piece.length) say(piece);
      setImmediate(more);
    };
    more();
  };
  const begun = commandOver(channel, site, manner, { signal: new AbortController().signal });
  await expect(begun).rejects.toMatchObject({ code: 'unavailable', message: 'The container did not answer' });
  expect(await channel.ended).toBe('left');
}, 10_000);

test('an exit code that no shell has is none', async () => {
  talk = (socket, say) => {
    say(listening);
    socket.on('message', (data: Buffer) => {
      if (decodeMessage(data)?.payload.toString().endsWith('\n') !== true) return;
      socket.removeAllListeners('message');
      say(Buffer.from('markG;'));
      for (const code of ['NaN', '1e999', '-1', '99999999999', '256', '']) say(Buffer.from(`markX${code};`));
      say(Buffer.from('the end'));
      socket.send(closed());
    });
  };
  const session = await commandOver(channel, site, manner, { signal: new AbortController().signal });
  const said: string[] = [];
  for await (const { data } of session.output) said.push(Buffer.from(data).toString());
  expect(said.join('')).toBe('the end');
  expect(await session.exit).toBeNull();
});

const closed = () =>
  encodeMessage({
    ...{ type: 'channel_closed', createdAtMs: 0, sequence: 0, flags: 0, id: systemIds.uuid() },
    ...{ payloadKind: payloadKind.none, payload: Buffer.from('{}') },
  });
