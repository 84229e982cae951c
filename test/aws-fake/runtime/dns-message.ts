/** DNS on the wire, as far as questions for addresses go (RFC 1035). */

export interface Question {
  id: number;
  name: string;
  type: number;
  /** Of the question section, to be repeated in the answer. */
  bytes: Buffer;
}

export const typeA = 1;

/** The first question of a query; undefined for anything else. */
export function readQuestion(message: Buffer): Question | undefined {
  if (message.length < 17 || (message.readUInt16BE(2) & 0x8000) !== 0 || message.readUInt16BE(4) < 1) return undefined;
  const labels: string[] = [];
  let at = 12;
  for (let length = message[at] ?? 0; length > 0; length = message[at] ?? 0) {
    if (length > 63 || at + length >= message.length) return undefined;
    labels.push(message.toString('latin1', at + 1, at + 1 + length));
    at += 1 + length;
  }
  const end = at + 5;
  if (end > message.length) return undefined;
  const bytes = message.subarray(12, end);
  return { id: message.readUInt16BE(0), name: labels.join('.'), type: message.readUInt16BE(at + 1), bytes };
}

/** An answer with these IPv4 addresses, or that there is no such name when they are undefined. */
export function writeAnswer({ id, bytes }: Question, addresses: string[] | undefined): Buffer {
  const head = Buffer.alloc(12);
  const noSuchName = 3;
  head.writeUInt16BE(id, 0);
  head.writeUInt16BE(0x8180 | (addresses ? 0 : noSuchName), 2);
  head.writeUInt16BE(1, 4);
  head.writeUInt16BE(addresses?.length ?? 0, 6);
  const records = (addresses ?? []).map((address) => {
    const record = Buffer.alloc(16);
    record.writeUInt16BE(0xc00c, 0);
    record.writeUInt16BE(typeA, 2);
    record.writeUInt16BE(1, 4);
    record.writeUInt32BE(0, 6);
    record.writeUInt16BE(4, 10);
    for (const [index, part] of address.split('.').entries()) record[12 + index] = Number(part);
    return record;
  });
  return Buffer.concat([head, bytes, ...records]);
}
