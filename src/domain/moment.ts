/** Points in time as people and the docker CLI write them: unix seconds, RFC 3339, or a Go duration before now. Pure. */
import { z } from 'zod';

export type Moment = { kind: 'at'; unixSeconds: number } | { kind: 'ago'; seconds: number };

const unixSeconds = /^\d{1,11}(\.\d{1,9})?$/;
const goDuration = /^(\d+(\.\d+)?(ns|us|µs|ms|s|m|h))+$/;
const rfc3339 = z.iso.datetime({ offset: true });

/** How many seconds each unit of a Go duration has. */
const units: Record<string, number> = { ns: 1e-9, us: 1e-6, µs: 1e-6, ms: 1e-3, s: 1, m: 60, h: 3600 };

export const moment = z
  .string()
  .max(64)
  .transform((text, context): Moment => {
    const parsed = parseMoment(text);
    if (parsed) return parsed;
    context.addIssue('must be unix seconds, an RFC 3339 time or a duration such as 10m');
    return z.NEVER;
  });

/** Null when it is none of the three. */
export function parseMoment(text: string): Moment | null {
  if (unixSeconds.test(text)) return { kind: 'at', unixSeconds: Number(text) };
  if (goDuration.test(text)) return { kind: 'ago', seconds: durationSeconds(text) };
  if (rfc3339.safeParse(text).success) return { kind: 'at', unixSeconds: Date.parse(text) / 1000 };
  return null;
}

function durationSeconds(text: string): number {
  let seconds = 0;
  for (const [, amount, unit = ''] of text.matchAll(/(\d+(?:\.\d+)?)([a-zµ]+)/g)) {
    seconds += Number(amount) * (units[unit] ?? 0);
  }
  return seconds;
}

/** Unix seconds, as the port takes them. @param nowMs the process's clock */
export function resolveMoment(given: Moment | undefined, nowMs: number): number | undefined {
  if (given === undefined) return undefined;
  return given.kind === 'at' ? given.unixSeconds : Math.max(0, nowMs / 1000 - given.seconds);
}

/** The millisecond that unix seconds lie in: times of log lines are kept in whole ones. */
export const millisecondOf = (seconds: number): number => Math.floor(seconds * 1000 + 0.001);
