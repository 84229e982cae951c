/** What a container wrote, as lines. */
import type { Ctx, Deps } from '../context.ts';
import { type Moment, resolveMoment } from '../domain/moment.ts';
import type { LogChunk } from '../providers/provider.ts';
import { getContainer } from './containers.ts';
import { runOf } from './live-run.ts';

export type { LogChunk };

export interface LogQuery {
  follow: boolean;
  since?: Moment | undefined;
  until?: Moment | undefined;
  /** The last lines of both streams together, before one of them is left out. Absent = all. */
  tail?: number | undefined;
  streams: readonly LogChunk['stream'][];
}

/** Of a container in any state; ends with its run or the signal. Throws not_found. */
export async function readLogs(
  deps: Deps,
  ctx: Ctx,
  reference: string,
  query: LogQuery,
  signal: AbortSignal,
): Promise<AsyncIterable<LogChunk>> {
  const container = await getContainer(deps, ctx, reference);
  const now = deps.clock.now();
  const chunks = deps.provider.logs(runOf(container), {
    follow: query.follow,
    since: resolveMoment(query.since, now),
    until: resolveMoment(query.until, now),
    tail: query.tail,
    signal,
  });
  return only(chunks, query.streams);
}

async function* only(chunks: AsyncIterable<LogChunk>, streams: LogQuery['streams']): AsyncGenerator<LogChunk, void> {
  for await (const chunk of chunks) if (streams.includes(chunk.stream)) yield chunk;
}
