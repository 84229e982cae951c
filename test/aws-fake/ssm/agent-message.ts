/** The binary messages of a data channel, as both ends write them. All numbers are big-endian; the header has 116 bytes. */
import { createHash } from 'node:crypto';

export const payloadTypes = {
  none: 0,
  output: 1,
  error: 2,
  size: 3,
  handshakeRequest: 5,
  handshakeResponse: 6,
  handshakeComplete: 7,
  flag: 10,
} as const;

export interface AgentMessage {
  type: string;
  schemaVersion: number;
  createdAtMs: number;
  sequence: number;
  /** Bit 0 opens a stream, bit 1 ends one. */
  flags: number;
  /** A UUID. */
  id: string;
  payloadType: number;
  payload: Buffer;
}

const headerLength = 116;
const typeLength = 32;

export function encodeMessage(message: AgentMessage): Buffer {
  const bytes = Buffer.alloc(headerLength + 4 + message.payload.length);
  bytes.writeUInt32BE(headerLength, 0);
  bytes.fill(' ', 4, 4 + typeLength);
  bytes.write(message.type, 4, 'utf8');
  bytes.writeUInt32BE(message.schemaVersion, 36);
  bytes.writeBigUInt64BE(BigInt(message.createdAtMs), 40);
  bytes.writeBigInt64BE(BigInt(message.sequence), 48);
  bytes.writeBigUInt64BE(BigInt(message.flags), 56);
  const id = Buffer.from(message.id.replaceAll('-', ''), 'hex');
  id.copy(bytes, 64, 8, 16);
  id.copy(bytes, 72, 0, 8);
  createHash('sha256').update(message.payload).digest().copy(bytes, 80);
  bytes.writeUInt32BE(message.payloadType, 112);
  bytes.writeUInt32BE(message.payload.length, headerLength);
  message.payload.copy(bytes, headerLength + 4);
  return bytes;
}

/** Throws with what is wrong with the bytes. */
export function decodeMessage(bytes: Buffer): AgentMessage {
  if (bytes.length < headerLength + 4) throw new Error(`a message of ${bytes.length} bytes`);
  const start = bytes.readUInt32BE(0);
  if (start !== headerLength) throw new Error(`a header length of ${start}`);
  const payload = bytes.subarray(start + 4);
  const length = bytes.readUInt32BE(start);
  if (payload.length !== length) throw new Error(`a payload of ${payload.length} bytes that says ${length}`);
  const digest = createHash('sha256').update(payload).digest();
  if (!digest.equals(bytes.subarray(80, 112))) throw new Error('a payload that does not have its digest');
  const id = Buffer.concat([bytes.subarray(72, 80), bytes.subarray(64, 72)]).toString('hex');
  return {
    type: bytes.toString('utf8', 4, 36).replace(/[\0 ]+$/, ''),
    schemaVersion: bytes.readUInt32BE(36),
    createdAtMs: Number(bytes.readBigUInt64BE(40)),
    sequence: Number(bytes.readBigInt64BE(48)),
    flags: Number(bytes.readBigUInt64BE(56)),
    id: id.replace(/^(.{8})(.{4})(.{4})(.{4})(.{12})$/, '$1-$2-$3-$4-$5'),
    payloadType: bytes.readUInt32BE(112),
    payload,
  };
}
