/**
 * The binary messages of a Session Manager data channel, both ways. All integers are big-endian; the header has 116 bytes, the
 * payload follows its length. The layout is that of AWS's own client:
 * https://github.com/aws/session-manager-plugin/blob/mainline/src/message/clientmessage.go
 */
import { createHash } from 'node:crypto';

export const payloadKind = {
  none: 0,
  /** What the process writes, and what it is given to read. */
  data: 1,
  size: 3,
  handshakeRequest: 5,
  handshakeResponse: 6,
  handshakeComplete: 7,
} as const;

export interface ChannelMessage {
  type: string;
  createdAtMs: number;
  sequence: number;
  /** Bit 0 begins a stream, bit 1 ends one. */
  flags: number;
  /** A UUID. */
  id: string;
  payloadKind: number;
  payload: Buffer;
}

const headerBytes = 116;
/** Of a later version's header. What is read keeps all of its frame in memory, however little its payload is. */
const mostHeaderBytes = 1024;
const typeBytes = 32;
const schemaVersion = 1;

export function encodeMessage(message: ChannelMessage): Buffer {
  const { payload } = message;
  const bytes = Buffer.alloc(headerBytes + 4 + payload.length);
  bytes.writeUInt32BE(headerBytes, 0);
  bytes.write(message.type.padEnd(typeBytes), 4, typeBytes);
  bytes.writeUInt32BE(schemaVersion, 36);
  bytes.writeBigUInt64BE(BigInt(message.createdAtMs), 40);
  bytes.writeBigInt64BE(BigInt(message.sequence), 48);
  bytes.writeBigUInt64BE(BigInt(message.flags), 56);
  const id = Buffer.from(message.id.replaceAll('-', ''), 'hex');
  // The halves of the id are swapped.
  bytes.set(id.subarray(8), 64);
  bytes.set(id.subarray(0, 8), 72);
  bytes.set(createHash('sha256').update(payload).digest(), 80);
  bytes.writeUInt32BE(message.payloadKind, 112);
  bytes.writeUInt32BE(payload.length, headerBytes);
  bytes.set(payload, headerBytes + 4);
  return bytes;
}

/** Null for what is no message: cut short, or with another digest than its payload has. */
export function decodeMessage(bytes: Buffer): ChannelMessage | null {
  if (bytes.length < headerBytes + 4) return null;
  // Where the payload's length is: a later header may be longer.
  const start = bytes.readUInt32BE(0);
  if (start < headerBytes || start > mostHeaderBytes || start + 4 > bytes.length) return null;
  const length = bytes.readUInt32BE(start);
  const payload = bytes.subarray(start + 4, start + 4 + length);
  const digest = createHash('sha256').update(payload).digest();
  if (payload.length !== length || !digest.equals(bytes.subarray(80, 112))) return null;
  const id = bytes.toString('hex', 72, 80) + bytes.toString('hex', 64, 72);
  return {
    type: bytes.toString('utf8', 4, 4 + typeBytes).replace(/[\0 ]+$/, ''),
    createdAtMs: Number(bytes.readBigUInt64BE(40)),
    sequence: Number(bytes.readBigInt64BE(48)),
    flags: Number(bytes.readBigUInt64BE(56)),
    id: id.replace(/^(.{8})(.{4})(.{4})(.{4})/, '$1-$2-$3-$4-'),
    payloadKind: bytes.readUInt32BE(112),
    payload,
  };
}
