/** What a script says while it is spoken to: short lines, and how it ends. */
import { AppError } from '../../../domain/errors.ts';
import type { CallOptions, Session } from '../../provider.ts';

/** Of what comes from a container, which may be anything. */
const mostBytes = 4096;
const mostLines = 16;
const mostErrorBytes = 64 * 1024;

export interface Answers {
  /** Null when there are no more. */
  line(): Promise<string | null>;
  /** Throws unavailable when it was not seen, or when lines come without end. */
  end: Promise<{ code: number; stderr: string }>;
}

/** Reads at once, whether anybody waits for a line or not: a script may end at any moment. */
export function answersOf(session: Session, { signal }: CallOptions): Answers {
  const lines: string[] = [];
  const errors: Uint8Array[] = [];
  let errorBytes = 0;
  let begun = '';
  let isOver = false;
  let change = Promise.withResolvers<void>();

  function take(data: Uint8Array): void {
    const parts = (begun + Buffer.from(data.subarray(0, mostBytes)).toString('latin1')).split('\n');
    begun = parts.pop() ?? '';
    lines.push(...parts);
    if (data.length > mostBytes || begun.length > mostBytes || lines.length > mostLines) {
      throw new AppError('unavailable', 'The container answers without end');
    }
  }

  async function read(): Promise<{ code: number; stderr: string }> {
    try {
      for await (const { stream, data } of session.output) {
        if (stream === 'stdout') take(data);
        else if (errorBytes < mostErrorBytes) errors.push(data);
        if (stream === 'stderr') errorBytes += data.length;
        change.resolve();
      }
    } finally {
      isOver = true;
      change.resolve();
    }
    const code = await session.exit;
    if (signal.aborted) throw new AppError('timeout', 'The container did not answer in time');
    if (code === null) throw new AppError('unavailable', 'The connection to the container broke off');
    return { code, stderr: Buffer.concat(errors).toString() };
  }

  return {
    end: read(),
    async line() {
      while (lines.length === 0) {
        if (isOver) return null;
        change = Promise.withResolvers<void>();
        await change.promise;
      }
      return lines.shift() ?? null;
    },
  };
}
