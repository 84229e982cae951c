/** A client of data channels for the fake's own tests: acknowledges, puts output in order, and sends input until it is heard. */
import { randomUUID } from 'node:crypto';
import { WebSocket } from 'ws';
import { type AgentMessage, decodeMessage, encodeMessage, payloadTypes } from './agent-message.ts';

export interface ChannelClient {
  /** Everything the command wrote so far. */
  output(): Buffer;
  send(data: string | Buffer): void;
  resize(cols: number, rows: number): void;
  /** Messages without a number, such as `channel_closed`, by type. */
  controls: { type: string; content: Record<string, unknown> }[];
  /** Closes the socket without a word; `resume` goes on with another. */
  drop(): void;
  resume(access: Access): void;
  /** Settled when the channel is closed by the agent. */
  closed: Promise<void>;
  /** Settled when the socket is closed, by whomever. */
  socketClosed(): Promise<void>;
}

interface Access {
  streamUrl?: string | undefined;
  tokenValue?: string | undefined;
}

export function openChannel(access: Access): ChannelClient {
  const chunks: Buffer[] = [];
  const early = new Map<number, AgentMessage>();
  const unheard = new Map<number, Buffer>();
  const controls: ChannelClient['controls'] = [];
  const closed = Promise.withResolvers<void>();
  let expected = 0;
  let sequence = 0;
  let ready = false;
  let socket: WebSocket;
  let gone: Promise<void>;
  const waiting: [number, Buffer][] = [];

  const transmit = (bytes: Buffer) => {
    if (socket.readyState === socket.OPEN) socket.send(bytes);
  };
  const envelope = () => ({ schemaVersion: 1, createdAtMs: Date.now(), id: randomUUID() });
  const input = (payloadType: number, payload: Buffer) => {
    if (!ready && payloadType !== payloadTypes.handshakeResponse) return void waiting.push([payloadType, payload]);
    const fields = { ...envelope(), type: 'input_stream_data', sequence, flags: sequence === 0 ? 1 : 0 };
    const bytes = encodeMessage({ ...fields, payloadType, payload });
    unheard.set(sequence, bytes);
    sequence += 1;
    transmit(bytes);
  };
  const process = ({ payloadType, payload }: AgentMessage) => {
    if (payloadType === payloadTypes.handshakeRequest) input(payloadTypes.handshakeResponse, response());
    else if (payloadType === payloadTypes.handshakeComplete) {
      ready = true;
      for (const [type, bytes] of waiting.splice(0)) input(type, bytes);
    } else chunks.push(payload);
  };
  const receive = (data: Buffer) => {
    const message = decodeMessage(data);
    const content = () => JSON.parse(message.payload.toString('utf8'));
    if (message.type === 'acknowledge') return void unheard.delete(content().AcknowledgedMessageSequenceNumber);
    if (message.type !== 'output_stream_data') {
      controls.push({ type: message.type, content: content() });
      if (message.type === 'channel_closed') closed.resolve();
      return;
    }
    transmit(
      encodeMessage({
        ...envelope(),
        type: 'acknowledge',
        sequence: 0,
        flags: 3,
        payloadType: 0,
        payload: ack(message),
      }),
    );
    if (message.sequence >= expected) early.set(message.sequence, message);
    for (let next = early.get(expected); next; next = early.get(expected)) {
      early.delete(expected);
      expected += 1;
      process(next);
    }
  };
  const connect = ({ streamUrl = '', tokenValue = '' }: Access) => {
    socket = new WebSocket(streamUrl);
    const end = Promise.withResolvers<void>();
    gone = end.promise;
    socket.on('error', () => {});
    socket.on('close', () => end.resolve());
    socket.on('message', receive);
    socket.on('open', () => {
      const opening = { MessageSchemaVersion: '1.0', RequestId: randomUUID(), TokenValue: tokenValue };
      socket.send(JSON.stringify({ ...opening, ClientId: randomUUID(), ClientVersion: '1.2.677.0' }));
      for (const bytes of unheard.values()) transmit(bytes);
    });
  };
  const timer = setInterval(() => {
    const [oldest] = unheard.values();
    if (oldest) transmit(oldest);
  }, 200);
  closed.promise.finally(() => clearInterval(timer)).catch(() => {});
  connect(access);
  return {
    output: () => Buffer.concat(chunks),
    send(data) {
      const bytes = Buffer.from(data);
      for (let at = 0; at < bytes.length; at += 1024) input(payloadTypes.output, bytes.subarray(at, at + 1024));
    },
    resize: (cols, rows) => input(payloadTypes.size, Buffer.from(JSON.stringify({ cols, rows }))),
    controls,
    drop: () => socket.terminate(),
    resume: connect,
    closed: closed.promise,
    socketClosed: () => gone,
  };
}

function response(): Buffer {
  const actions = [{ ActionType: 'SessionType', ActionStatus: 1, ActionResult: null, Error: '' }];
  return Buffer.from(JSON.stringify({ ClientVersion: '1.2.677.0', ProcessedClientActions: actions, Errors: [] }));
}

function ack({ type, id, sequence }: AgentMessage): Buffer {
  const content = { AcknowledgedMessageType: type, AcknowledgedMessageId: id };
  return Buffer.from(
    JSON.stringify({ ...content, AcknowledgedMessageSequenceNumber: sequence, IsSequentialMessage: true }),
  );
}
