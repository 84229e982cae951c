/**
 * A token bucket that several processes draw on for many tenants. Its tokens go to the waiting lanes in turns, wherever they
 * wait: deficit round robin with requests of one size. Pure: the time and the bucket come in, the bucket comes out.
 */
import { z } from 'zod';

export interface RequestLimit {
  /** Names the bucket that all processes share. */
  name: string;
  burst: number;
  perSecond: number;
}

export interface Draw {
  /** How many may go, by lane. */
  granted: Record<string, number>;
  /** When to ask again for those that may not, in milliseconds; 0 when all may. */
  waitMs: number;
}

/** The buckets as one process sees them. */
export interface RequestBuckets {
  /** Takes what there is for the process's waiting lanes. Throws unavailable when nobody can tell. */
  draw(limit: RequestLimit, waiting: Record<string, number>): Promise<Draw>;
}

const milliseconds = z.number();
const lane = z.object({
  /** Tokens that it got more than the lane that got fewest, since it waits. */
  ahead: z.number(),
  /** By process: how many wait there, and until when that is believed. */
  waiting: z.record(z.string(), z.object({ count: z.number(), until: milliseconds })),
});
export const requestBucket = z.object({
  tokens: z.number(),
  filledAt: milliseconds,
  lanes: z.record(z.string(), lane),
});
export type RequestBucket = z.infer<typeof requestBucket>;

export const fullBucket = ({ burst }: RequestLimit, now: number): RequestBucket => ({
  tokens: burst,
  filledAt: now,
  lanes: {},
});

/** Who has not asked again for so long does not wait any more. */
const believedMs = 2_000;

interface Turn {
  name: string;
  ahead: number;
  own: number;
  others: number;
}

/** @param process who asks, with all that waits there: what it named before and does not name now has left */
export function drawFrom(
  before: RequestBucket,
  limit: RequestLimit,
  { process, waiting, now }: { process: string; waiting: Record<string, number>; now: number },
): Draw & { bucket: RequestBucket } {
  const elapsedMs = Math.max(0, now - before.filledAt);
  const tokens = Math.min(limit.burst, before.tokens + (elapsedMs / 1000) * limit.perSecond);
  const lanes = withDemand(before.lanes, process, waiting, now);
  const { granted, reserved } = serve(lanes, process, Math.floor(tokens));
  let [taken, left] = [0, 0];
  for (const [name, each] of Object.entries(lanes)) {
    const [got, own] = [granted[name] ?? 0, each.waiting[process]];
    taken += got;
    each.ahead += got;
    if (own === undefined) continue;
    own.count -= got;
    left += own.count;
    if (own.count === 0) delete each.waiting[process];
  }
  const missing = reserved + 1 - (tokens - taken);
  return {
    bucket: { tokens: tokens - taken, filledAt: before.filledAt + elapsedMs, lanes: tidied(lanes) },
    granted,
    waitMs: left === 0 ? 0 : Math.max(1, Math.ceil((missing / limit.perSecond) * 1000)),
  };
}

/** A lane that begins to wait begins beside the one that got fewest, unless it is ahead of that from before. */
function withDemand(
  before: RequestBucket['lanes'],
  process: string,
  waiting: Record<string, number>,
  now: number,
): RequestBucket['lanes'] {
  const lanes: RequestBucket['lanes'] = {};
  for (const [name, { ahead, waiting: all }] of Object.entries(before)) {
    const others = Object.entries(all).filter(([who, { until }]) => who !== process && until > now);
    lanes[name] = { ahead, waiting: Object.fromEntries(others.map(([who, each]) => [who, { ...each }])) };
  }
  for (const [name, count] of Object.entries(waiting)) {
    if (count <= 0) continue;
    const each = lanes[name] ?? { ahead: 0, waiting: {} };
    each.waiting[process] = { count, until: now + believedMs };
    lanes[name] = each;
  }
  return lanes;
}

/** Deals the tokens out; those that fall to lanes of other processes stay for these. */
function serve(lanes: RequestBucket['lanes'], process: string, tokens: number) {
  const turns = Object.entries(lanes).map(([name, { ahead, waiting }]): Turn => {
    const all = Object.values(waiting).reduce((sum, { count }) => sum + count, 0);
    const own = waiting[process]?.count ?? 0;
    return { name, ahead, own, others: all - own };
  });
  const granted: Record<string, number> = {};
  let reserved = 0;
  for (let dealt = 0; dealt < tokens; dealt++) {
    const next = turns
      .filter(({ own, others }) => own + others > 0)
      .reduce<Turn | null>((first, turn) => (first === null || turn.ahead < first.ahead ? turn : first), null);
    if (next === null) break;
    next.ahead += 1;
    if (next.own > 0) {
      next.own -= 1;
      granted[next.name] = (granted[next.name] ?? 0) + 1;
    } else {
      next.others -= 1;
      reserved += 1;
    }
  }
  return { granted, reserved };
}

/** Measured from the lane that got fewest; who does not wait and is not ahead is forgotten. */
function tidied(lanes: RequestBucket['lanes']): RequestBucket['lanes'] {
  const all = Object.entries(lanes);
  const isWaiting = ({ waiting }: { waiting: object }) => Object.keys(waiting).length > 0;
  const backlog = all.filter(([, each]) => isWaiting(each)).map(([, { ahead }]) => ahead);
  if (backlog.length === 0) return {};
  const fewest = Math.min(...backlog);
  return Object.fromEntries(
    all
      .filter(([, each]) => isWaiting(each) || each.ahead > fewest)
      .map(([name, each]) => [name, { ...each, ahead: Math.max(0, each.ahead - fewest) }]),
  );
}
