/**
 * Pages of a log stream in CloudWatch, shared: whoever asks for the same place of the same stream within a moment gets one
 * answer, so that any number of followers costs what one does. Pages may be empty although more is there; the end is where
 * a token repeats.
 */

import { GetLogEventsCommand } from '@aws-sdk/client-cloudwatch-logs';
import { hasCode } from '../../../domain/errors.ts';
import type { CallOptions } from '../../provider.ts';
import { ask, type Site } from '../site.ts';

export interface LogPlace {
  group: string;
  stream: string;
  tenantId: string;
  /** Milliseconds, included. */
  startTime?: number | undefined;
  /** Milliseconds, not included. */
  endTime?: number | undefined;
  /** Where an earlier page ended; without one, the stream's beginning or end. */
  token?: string | undefined;
  fromHead: boolean;
  limit?: number | undefined;
}

export interface LogPage {
  lines: { at: Date; text: string }[];
  forward: string | undefined;
  backward: string | undefined;
}

export interface LogReader {
  read(place: LogPlace, options: CallOptions): Promise<LogPage>;
}

const readMs = 15_000;

/** @param sharedMs for how long an answer is passed on */
export function createLogReader(site: Site, sharedMs: number): LogReader {
  const recent = new Map<string, { askedAt: number; page: Promise<LogPage> }>();

  function forgetOld(now: number): void {
    for (const [key, { askedAt }] of recent) {
      if (now - askedAt < sharedMs) return;
      recent.delete(key);
    }
  }

  return {
    read: async (place, { signal }) => {
      signal.throwIfAborted();
      const now = site.clock.now();
      forgetOld(now);
      const key = JSON.stringify(place);
      const known = recent.get(key);
      if (known) return known.page;
      const page = readPage(site, place, { signal: AbortSignal.timeout(readMs) });
      recent.set(key, { askedAt: now, page });
      page.catch(() => recent.delete(key));
      return page;
    },
  };
}

/** A stream that is not there yet, or not any more, is empty. */
async function readPage(site: Site, place: LogPlace, options: CallOptions): Promise<LogPage> {
  const { group, stream, tenantId, startTime, endTime, token, fromHead, limit } = place;
  const command = new GetLogEventsCommand({
    logGroupName: group,
    logStreamName: stream,
    startFromHead: fromHead,
    startTime,
    endTime,
    nextToken: token,
    limit,
  });
  const send = (http: { abortSignal: AbortSignal }) => site.clients.logs.send(command, http);
  try {
    const call = { action: 'logs:GetLogEvents', subject: { noun: 'log' }, tenantId, send };
    const { events = [], nextForwardToken, nextBackwardToken } = await ask(site, call, options);
    const lines = events.map(({ timestamp = 0, message = '' }) => ({ at: new Date(timestamp), text: message }));
    return { lines, forward: nextForwardToken, backward: nextBackwardToken };
  } catch (error) {
    if (hasCode(error, 'not_found')) return { lines: [], forward: undefined, backward: undefined };
    throw error;
  }
}
