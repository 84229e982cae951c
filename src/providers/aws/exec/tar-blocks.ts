/** Bytes by count, out of chunks of any size. Pure. */
import { brokenOff } from './codes.ts';

export interface BlockReader {
  /** Exactly so many; null at the end. Throws unavailable when it ends in between. */
  next(count: number): Promise<Buffer | null>;
  /** At least one and at most so many; null at the end. */
  some(most: number): Promise<Buffer | null>;
  /** Lets go of the source before its end. */
  close(): Promise<void>;
}

export function readBlocks(source: AsyncIterable<Uint8Array>): BlockReader {
  const chunks = source[Symbol.asyncIterator]();
  let rest: Buffer = Buffer.alloc(0);
  const some = async (most: number): Promise<Buffer | null> => {
    while (rest.length === 0) {
      const { done, value } = await chunks.next();
      if (done) return null;
      rest = Buffer.from(value.buffer, value.byteOffset, value.byteLength);
    }
    const part = rest.subarray(0, most);
    rest = rest.subarray(part.length);
    return part;
  };
  return {
    some,
    async next(count) {
      const parts: Buffer[] = [];
      for (let missing = count; missing > 0; ) {
        const part = await some(missing);
        if (!part && parts.length === 0) return null;
        if (!part) throw brokenOff();
        parts.push(part);
        missing -= part.length;
      }
      return Buffer.concat(parts);
    },
    async close() {
      await chunks.return?.();
    },
  };
}
