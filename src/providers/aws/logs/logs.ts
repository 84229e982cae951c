/** A run's log: the stream of its task in CloudWatch, whose name follows from the task. stdout and stderr are one there. */
import { millisecondOf } from '../../../domain/moment.ts';
import type { CallOptions, LogChunk, LogOptions, RunRef } from '../../provider.ts';
import { logGroupName, logStreamName, taskIdOf } from '../naming.ts';
import { withTaskArn } from '../runs/lookup.ts';
import { observeRun } from '../runs/observe.ts';
import { type RunRecord, readRecord } from '../runs/records.ts';
import type { Site } from '../site.ts';
import type { LogPage, LogPlace, LogReader } from './pages.ts';

/** How often a follower asks. */
export const followMs = 500;
/** The last lines arrive so late. */
const lateMs = 5_000;
const largestPage = 10_000;

type Line = LogPage['lines'][number];

export async function* logsOf(
  site: Site,
  reader: LogReader,
  run: RunRef,
  options: LogOptions,
): AsyncGenerator<LogChunk, void, void> {
  try {
    for await (const { at, text } of linesOf(site, reader, run, options)) {
      yield { stream: 'stdout', at, line: Buffer.from(text), ended: true };
    }
  } catch (error) {
    if (!options.signal.aborted) throw error;
  }
}

/** What comes from now on, until the run has ended: where that is has been found when this resolves. */
export async function newLines(
  site: Site,
  reader: LogReader,
  run: RunRef,
  options: CallOptions,
): Promise<AsyncIterable<{ text: string }>> {
  const following = { ...options, follow: true };
  const found = await readRecord(site, run.key, options);
  const recorded = found && (await withTaskArn(site, found, options));
  // Before its start all of its own stream is new, and what it said earlier is not.
  if (!recorded || recorded.value.taskArn === null) return ownLines(site, reader, run, following);
  const [stream] = streamsIn(site, { ...recorded.value, earlierTasks: [] });
  if (!stream) return ownLines(site, reader, run, following);
  const { token } = await lastLines(reader, { ...stream, fromHead: true }, 0, options);
  return followed(site, reader, run, { ...stream, fromHead: true, token }, following);
}

async function* ownLines(site: Site, reader: LogReader, run: RunRef, options: LogOptions): AsyncGenerator<Line, void> {
  const own = (await streamsOf(site, run, options)).at(-1);
  if (own) yield* followed(site, reader, run, { ...own, fromHead: true }, options);
}

async function* linesOf(site: Site, reader: LogReader, run: RunRef, options: LogOptions): AsyncGenerator<Line, void> {
  const { follow, since, until, tail } = options;
  const streams = await streamsOf(site, run, options);
  const bounds = {
    fromHead: true,
    startTime: since === undefined ? undefined : Math.ceil(millisecondOf(since)),
    endTime: until === undefined ? undefined : millisecondOf(until) + 1,
  };
  const places = streams.map((stream): LogPlace => ({ ...stream, ...bounds }));
  const last = places.at(-1);
  if (!last) return;
  let token: string | undefined;
  if (tail !== undefined) {
    const end = await lastLinesOf(reader, places, tail, options);
    yield* end.lines;
    token = end.token;
  } else for (const place of places) token = yield* forward(reader, place, options);
  if (follow) yield* followed(site, reader, run, { ...last, token }, options);
}

/** Of the container's earlier incarnations, and its own as the last; none when it has said nothing and, unless followed, will not. */
async function streamsOf(site: Site, run: RunRef, options: LogOptions) {
  for (;;) {
    const found = await readRecord(site, run.key, options);
    const recorded = found && (await withTaskArn(site, found, options));
    if (!recorded) return [];
    if (recorded.value.taskArn !== null || !options.follow || options.signal.aborted) {
      return streamsIn(site, recorded.value);
    }
    await site.clock.sleep(followMs, options.signal);
  }
}

function streamsIn(site: Site, { taskArn, earlierTasks, tenantId }: RunRecord) {
  return [...earlierTasks, ...(taskArn === null ? [] : [taskArn])].map((arn) => ({
    group: logGroupName(site, tenantId),
    stream: logStreamName(taskIdOf(arn)),
    tenantId,
  }));
}

/** All there is from a place on. Returns where it ended. */
async function* forward(
  reader: LogReader,
  place: LogPlace,
  options: CallOptions,
): AsyncGenerator<Line, string | undefined> {
  let { token } = place;
  for (;;) {
    const page = await reader.read({ ...place, token }, options);
    yield* page.lines;
    if (page.forward === undefined || page.forward === token) return token;
    token = page.forward;
  }
}

/** The last ones of all streams together, and where the last of these ends. */
async function lastLinesOf(reader: LogReader, places: LogPlace[], tail: number, options: CallOptions) {
  const lines: Line[] = [];
  let end: string | undefined;
  for (const place of places.toReversed()) {
    const isLast = place === places.at(-1);
    if (!isLast && lines.length >= tail) break;
    const found = await lastLines(reader, place, tail - lines.length, options);
    lines.unshift(...found.lines);
    if (isLast) end = found.token;
  }
  return { lines, token: end };
}

/** The last ones in their order, read backwards, and where the stream ends. */
async function lastLines(reader: LogReader, place: LogPlace, tail: number, options: CallOptions) {
  const pages: Line[][] = [];
  let count = 0;
  let token: string | undefined;
  let end: string | undefined;
  for (;;) {
    const limit = Math.min(Math.max(1, tail - count), largestPage);
    const page = await reader.read({ ...place, fromHead: false, token, limit }, options);
    end ??= page.forward;
    pages.unshift(page.lines);
    count += page.lines.length;
    if (count >= tail || page.backward === undefined || page.backward === token) break;
    token = page.backward;
  }
  const lines = pages.flat();
  return { lines: tail === 0 ? [] : lines.slice(-tail), token: end };
}

/** What comes later, until the run has ended and its last lines had their time. */
async function* followed(
  site: Site,
  reader: LogReader,
  run: RunRef,
  from: LogPlace,
  options: LogOptions,
): AsyncGenerator<Line, void> {
  let { token } = from;
  let endsAt = options.until === undefined ? Number.POSITIVE_INFINITY : options.until * 1000 + lateMs;
  let isOver = false;
  while (!options.signal.aborted) {
    const isLast = site.clock.now() >= endsAt;
    token = (yield* forward(reader, { ...from, token }, options)) ?? token;
    if (isLast) return;
    if (!isOver) {
      const seen = await observeRun(site, run, options);
      isOver = seen.kind === 'absent' || seen.phase === 'exited';
      const finishedAt = seen.kind === 'present' && seen.finishedAt ? seen.finishedAt.getTime() : site.clock.now();
      if (isOver) endsAt = Math.min(endsAt, finishedAt + lateMs);
    }
    await site.clock.sleep(followMs, options.signal);
  }
}
