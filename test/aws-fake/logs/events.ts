/** Reading and writing log events, with CloudWatch's paging: pages may be empty, and a token that repeats is the end. */
import type {
  FilterLogEventsRequest,
  FilterLogEventsResponse,
  GetLogEventsRequest,
  GetLogEventsResponse,
  PutLogEventsRequest,
  PutLogEventsResponse,
} from '@aws-sdk/client-cloudwatch-logs';
import { AwsError } from '../aws-error.ts';
import type { Call } from '../service.ts';
import type { Site } from '../site.ts';
import { groupName } from './groups.ts';
import type { LogEvent, LogStream } from './log-store.ts';

const maxEvents = 10_000;
const maxPageBytes = 1024 * 1024;
/** What every event counts for besides its message. */
const eventBytes = 26;

export function putLogEvents(input: PutLogEventsRequest, { site }: Call): PutLogEventsResponse {
  const stream = site.logs.stream(input.logGroupName ?? '', input.logStreamName ?? '');
  const events = input.logEvents ?? [];
  if (events.some(({ timestamp = 0 }, index) => timestamp < (events[index - 1]?.timestamp ?? 0))) {
    throw new AwsError('InvalidParameterException', 'Log events in a single PutLogEvents request must be in order.');
  }
  for (const { message = '', timestamp } of events) site.logs.append(stream, message, timestamp);
  return { nextSequenceToken: String(stream.events.length) };
}

/** Tokens name a place between two events: `f/` reads on from it, `b/` back. */
export function getLogEvents(input: GetLogEventsRequest, { site }: Call): GetLogEventsResponse {
  const stream = site.logs.stream(groupName(input.logGroupName ?? input.logGroupIdentifier), input.logStreamName ?? '');
  const visible = visibleOf(site, stream)
    .filter(({ timestamp }) => timestamp >= (input.startTime ?? 0) && timestamp < (input.endTime ?? Number.MAX_VALUE))
    .sort((a, b) => a.timestamp - b.timestamp || a.number - b.number);
  const limit = input.limit ?? maxEvents;
  const token = parseToken(input.nextToken);
  const forward = token ? token.kind === 'f' : (input.startFromHead ?? false);
  const at = token ? Math.min(token.at, visible.length) : forward ? 0 : visible.length;
  const available = forward ? at < visible.length : at > 0;
  if (available && takeEmptyPage(site, stream)) {
    // The tokens change although nothing came, which tells the caller to ask again.
    const hops = (token?.hops ?? 0) + 1;
    return { events: [], nextForwardToken: writeToken('f', at, hops), nextBackwardToken: writeToken('b', at, hops) };
  }
  const chosen = forward
    ? firstPage(visible.slice(at, at + limit))
    : firstPage(visible.slice(Math.max(0, at - limit), at).reverse()).reverse();
  const [from, to] = forward ? [at, at + chosen.length] : [at - chosen.length, at];
  const same = (kind: 'f' | 'b', place: number) =>
    token?.kind === kind && token.at === place && input.nextToken ? input.nextToken : writeToken(kind, place, 0);
  return {
    events: chosen.map(({ timestamp, message, ingestionTime }) => ({ timestamp, message, ingestionTime })),
    nextForwardToken: same('f', to),
    nextBackwardToken: same('b', from),
  };
}

export function filterLogEvents(input: FilterLogEventsRequest, { site }: Call): FilterLogEventsResponse {
  const { logStreamNames, logStreamNamePrefix, startTime = 0, endTime = Number.MAX_VALUE, filterPattern = '' } = input;
  if (logStreamNames && logStreamNamePrefix !== undefined) {
    throw new AwsError('InvalidParameterException', 'logStreamNames and logStreamNamePrefix exclude each other.');
  }
  const group = site.logs.group(groupName(input.logGroupName ?? input.logGroupIdentifier));
  const streams = [...group.streams.values()].filter(({ name }) =>
    logStreamNames ? logStreamNames.includes(name) : name.startsWith(logStreamNamePrefix ?? ''),
  );
  const words = filterPattern.replaceAll('"', '').split(/\s+/).filter(Boolean);
  const all = streams
    .flatMap((stream) => visibleOf(site, stream).map((event) => ({ stream, event })))
    .filter(({ event }) => event.timestamp >= startTime && event.timestamp <= endTime)
    .filter(({ event }) => words.every((word) => event.message.includes(word)))
    .sort((a, b) => a.event.timestamp - b.event.timestamp || a.event.number - b.event.number);
  const at = input.nextToken === undefined ? 0 : (parseToken(input.nextToken)?.at ?? 0);
  const [first] = streams;
  if (at < all.length && first && takeEmptyPage(site, first)) {
    return { events: [], searchedLogStreams: [], nextToken: writeToken('f', at, 0) };
  }
  const chosen = firstPage(all.slice(at, at + (input.limit ?? maxEvents)).map(({ event }) => event));
  const events = all.slice(at, at + chosen.length).map(({ stream, event }) => ({
    logStreamName: stream.name,
    timestamp: event.timestamp,
    message: event.message,
    ingestionTime: event.ingestionTime,
    eventId: String(event.number).padStart(56, '3'),
  }));
  const end = at + chosen.length;
  return { events, searchedLogStreams: [], ...(end < all.length && { nextToken: writeToken('f', end, 0) }) };
}

function visibleOf(site: Site, { events }: LogStream): LogEvent[] {
  return events.filter(({ visibleAt }) => visibleAt <= site.world.clock.now());
}

/** How many empty pages each stream has answered with since its last full one. */
const emptyPages = new WeakMap<LogStream, number>();

function takeEmptyPage({ world }: Site, stream: LogStream): boolean {
  const given = emptyPages.get(stream) ?? 0;
  const more = given < world.habits.emptyLogPages;
  emptyPages.set(stream, more ? given + 1 : 0);
  return more;
}

/** As many as one page holds. */
function firstPage(events: LogEvent[]): LogEvent[] {
  let bytes = 0;
  const end = events.findIndex(({ message }) => {
    bytes += Buffer.byteLength(message) + eventBytes;
    return bytes > maxPageBytes;
  });
  return end < 0 ? events : events.slice(0, Math.max(1, end));
}

function writeToken(kind: 'f' | 'b', at: number, hops: number): string {
  return `${kind}/${at}/${hops}`;
}

function parseToken(token: string | undefined) {
  if (token === undefined) return undefined;
  const match = /^([fb])\/(\d+)\/(\d+)$/.exec(token);
  if (!match) throw new AwsError('InvalidParameterException', 'The specified nextToken is invalid.');
  return { kind: match[1] === 'f' ? ('f' as const) : ('b' as const), at: Number(match[2]), hops: Number(match[3]) };
}
