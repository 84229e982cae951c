/**
 * Answers that are written as they come to be: read only as fast as the client reads, and ended when it goes away. An
 * answer that breaks off is cut, so that nobody takes half of it for the whole.
 */
import type { Context } from 'hono';
import type { Deps } from '../context.ts';
import { isTimeUp } from '../domain/time-is-up.ts';
import type { OpenStream, Streams } from '../services/streams.ts';
import type { Environment } from './environment.ts';

/** An error that comes within this time is still answered as a problem. */
const FIRST_CHUNK_MS = 250;

export interface StreamingOptions {
  contentType: string;
  /** More headers, known once it is open. */
  headers?(): Record<string, string>;
  /** Its client can go on later where it ended: it may end early. */
  resumes?: boolean;
  /** Opens the source; its signal aborts with the stream. What it throws becomes the answer. */
  open(signal: AbortSignal): Promise<AsyncIterable<Uint8Array>>;
}

/** Throws rate_limited when the tenant has no stream left. */
export async function streamed(
  c: Context<Environment>,
  deps: Deps,
  streams: Streams,
  { contentType, open, headers: more, resumes = false }: StreamingOptions,
): Promise<Response> {
  const stream = streams.open(c.get('ctx'));
  try {
    const source = (await open(stream.signal))[Symbol.asyncIterator]();
    const first = source.next();
    await Promise.race([first, deps.clock.sleep(FIRST_CHUNK_MS, stream.signal)]);
    const headers = { 'content-type': contentType, ...more?.() };
    // The answer to HEAD is the same without its body, which nobody would ever read to its end.
    if (c.req.method === 'HEAD') {
      stream.end();
      await first;
      await source.return?.();
      return new Response(null, { headers });
    }
    return new Response(pulledBody(c, stream, source, first, resumes), { headers });
  } catch (error) {
    stream.end();
    throw error;
  }
}

function pulledBody(
  c: Context<Environment>,
  stream: OpenStream,
  source: AsyncIterator<Uint8Array>,
  first: Promise<IteratorResult<Uint8Array>>,
  resumes: boolean,
): ReadableStream<Uint8Array> {
  let next: Promise<IteratorResult<Uint8Array>> | null = first;
  const cut = (controller: ReadableStreamDefaultController, reason: unknown) => {
    stream.end();
    const connection = c.env?.outgoing;
    if (connection) connection.destroy();
    else controller.error(reason);
  };
  const mayEnd = () => resumes && isTimeUp(stream.signal);
  const finish = (controller: ReadableStreamDefaultController) => {
    stream.end();
    controller.close();
  };
  return new ReadableStream<Uint8Array>(
    {
      async pull(controller) {
        try {
          const { done, value } = await (next ?? source.next());
          next = null;
          if (!done) return controller.enqueue(value);
          if (stream.signal.aborted && !mayEnd()) return cut(controller, stream.signal.reason);
          finish(controller);
        } catch (error) {
          if (mayEnd()) return finish(controller);
          if (!stream.signal.aborted) c.get('log')().warn({ err: error }, 'a stream broke off');
          cut(controller, error);
        }
      },
      async cancel() {
        stream.end();
        await source.return?.();
      },
    },
    { highWaterMark: 0 },
  );
}
