/** The Engine's multiplexed stream: `[1 stdout | 2 stderr, 0, 0, 0, length as 32 bits][data]`. Pure. */

export interface Output {
  stream: 'stdout' | 'stderr';
  data: Uint8Array;
}

export const rawStream = 'application/vnd.docker.raw-stream';
export const multiplexedStream = 'application/vnd.docker.multiplexed-stream';

/** What goes before its data. */
export function frameHeader({ stream, data }: Output): Buffer {
  const header = Buffer.allocUnsafe(8);
  header.writeUInt32BE(stream === 'stdout' ? 0x01000000 : 0x02000000, 0);
  header.writeUInt32BE(data.length, 4);
  return header;
}

const frame = (output: Output): Buffer => Buffer.concat([frameHeader(output), output.data]);

/** What a terminal shows goes out as it is. */
export const encoder = (tty: boolean): ((output: Output) => Uint8Array) => (tty ? ({ data }) => data : frame);
