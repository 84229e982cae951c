/** How the Engine frames what it streams: multiplexed output and JSON lines. Bounded buffers; reading on is the back-pressure. */
import { AppError } from '../../domain/errors.ts';

export interface Frame {
  stream: 'stdout' | 'stderr';
  data: Buffer;
}

const headerBytes = 8;
/** The Engine writes frames of some 32 KiB; a longer one means that this is no such stream. */
const longestFrame = 1 << 20;
const longestJsonLine = 1 << 20;

/** `[stream, 0, 0, 0, length as 32 bits][data]`, whole frames only: a log's frame is one entry. */
export async function* demultiplex(source: AsyncIterable<Buffer>): AsyncGenerator<Frame, void, void> {
  let rest: Buffer = Buffer.alloc(0);
  for await (const chunk of source) {
    rest = rest.length === 0 ? chunk : Buffer.concat([rest, chunk]);
    while (rest.length >= headerBytes) {
      const length = rest.readUInt32BE(4);
      if (length > longestFrame) throw new AppError('internal', 'The Docker Engine sent a stream that cannot be read');
      const end = headerBytes + length;
      if (rest.length < end) break;
      yield { stream: rest[0] === 2 ? 'stderr' : 'stdout', data: rest.subarray(headerBytes, end) };
      rest = rest.subarray(end);
    }
  }
}

/** The same for whoever needs no whole frames: in the pieces in which it came, and nothing is copied. Empty frames are left out. */
export async function* demultiplexPieces(source: AsyncIterable<Buffer>): AsyncGenerator<Frame, void, void> {
  const header = Buffer.alloc(headerBytes);
  let known = 0;
  let left = 0;
  for await (let chunk of source) {
    while (chunk.length > 0) {
      if (left === 0) {
        const taken = chunk.copy(header, known, 0, headerBytes - known);
        known = (known + taken) % headerBytes;
        chunk = chunk.subarray(taken);
        if (known === 0) left = header.readUInt32BE(4);
        if (left > longestFrame) throw new AppError('internal', 'The Docker Engine sent a stream that cannot be read');
        continue;
      }
      const data = chunk.subarray(0, left);
      left -= data.length;
      chunk = chunk.subarray(data.length);
      yield { stream: header[0] === 2 ? 'stderr' : 'stdout', data };
    }
  }
}

/** What came of a terminal: one stream, no frames. */
export async function* unframed(source: AsyncIterable<Buffer>): AsyncGenerator<Frame, void, void> {
  for await (const data of source) yield { stream: 'stdout', data };
}

export async function* jsonLines(source: AsyncIterable<Buffer>): AsyncGenerator<unknown, void, void> {
  let rest: Buffer = Buffer.alloc(0);
  for await (const chunk of source) {
    rest = rest.length === 0 ? chunk : Buffer.concat([rest, chunk]);
    for (let end = rest.indexOf('\n'); end >= 0; end = rest.indexOf('\n')) {
      const line = rest.subarray(0, end).toString().trim();
      rest = rest.subarray(end + 1);
      if (line !== '') yield JSON.parse(line);
    }
    if (rest.length > longestJsonLine) throw new AppError('internal', 'The Docker Engine sent a line without end');
  }
  const last = rest.toString().trim();
  if (last !== '') yield JSON.parse(last);
}
