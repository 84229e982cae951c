/** The Engine's multiplexed stream: `[1 stdout | 2 stderr, 0, 0, 0, length as 32 bits][data]`. Pure. */

export interface Output {
  stream: 'stdout' | 'stderr';
  data: Uint8Array;
}

export const rawStream = 'application/vnd.docker.raw-stream';
export const multiplexedStream = 'application/vnd.docker.multiplexed-stream';

function frame({ stream, data }: Output): Buffer {
  const framed = Buffer.allocUnsafe(8 + data.length);
  framed.writeUInt32BE(stream === 'stdout' ? 0x01000000 : 0x02000000, 0);
  framed.writeUInt32BE(data.length, 4);
  framed.set(data, 8);
  return framed;
}

/** What a terminal shows goes out as it is. */
export const encoder = (tty: boolean): ((output: Output) => Uint8Array) => (tty ? ({ data }) => data : frame);
