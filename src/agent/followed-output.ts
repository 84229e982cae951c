/**
 * What a container writes, as its followed log: an answer may end before the run does, and the next one goes on behind the last
 * line that came. Lines of one millisecond are counted, so that none is lost or told twice.
 */
import { createInterface } from 'node:readline';
import { z } from 'zod';
import { systemClock } from '../domain/clock.ts';
import type { Output } from '../domain/output-frames.ts';
import { ask, stream } from './ask.ts';
import type { Onward } from './onward.ts';

const pollMs = 500;

const view = z.object({
  id: z.string(),
  name: z.string(),
  status: z.string(),
  startedAt: z.string().nullable(),
  finishedAt: z.string().nullable(),
  observedGeneration: z.number(),
  spec: z.object({ tty: z.boolean(), stdin: z.boolean() }),
});
export type ContainerView = z.output<typeof view>;

const line = z.object({
  stream: z.enum(['stdout', 'stderr']),
  at: z.string(),
  line: z.string(),
  base64: z.string().optional(),
});

/** How far the log was read: how many lines of the last line's millisecond are behind. */
interface Position {
  at: string;
  lines: number;
}

/** The container as it is now, or the answer that says why not. Rejects when Longshore cannot be reached. */
export async function lookAt(onward: Onward, container: string) {
  const answer = await ask(onward, 'GET', `/v1/containers/${container}`);
  const seen = view.safeParse(answer.body);
  return answer.status === 200 && seen.success ? seen.data : answer;
}

export interface Wanted {
  stdout: boolean;
  stderr: boolean;
  /** What was written before as well. */
  logs: boolean;
  /** What will be written. */
  stream: boolean;
}

/** @param first the container when the client came; one that does not run is waited for */
export async function* followedOutput(
  onward: Onward,
  first: ContainerView,
  wanted: Wanted,
  signal: AbortSignal,
): AsyncGenerator<Output, void, void> {
  const newline = first.spec.tty ? '\r\n' : '\n';
  const query = (more: Record<string, string>) =>
    new URLSearchParams({ stdout: String(wanted.stdout), stderr: String(wanted.stderr), ...more });
  let position: Position | null = null;
  let now = first;
  if (wanted.stream && !isUp(first) && !wanted.logs) {
    const next = await nextRun(onward, first, signal);
    if (!next) return;
    now = next;
    if (first.finishedAt !== null) position = { at: after(first.finishedAt), lines: 0 };
  }
  const isNew = now !== first || wanted.logs;
  let hasEnded = false;
  for (let again = false; ; again = true) {
    const from: Record<string, string> =
      position !== null ? { since: position.at } : isNew || again ? {} : { tail: '0' };
    const lines = linesOf(onward, now.id, query({ ...from, follow: String(wanted.stream) }), signal);
    let repeated = position?.lines ?? 0;
    const since = position?.at;
    let isSilent = true;
    for await (const each of lines) {
      isSilent = false;
      if (each.at === since && repeated > 0) {
        repeated -= 1;
        continue;
      }
      position = { at: each.at, lines: position?.at === each.at ? position.lines + 1 : 1 };
      const data = each.base64 === undefined ? Buffer.from(each.line) : Buffer.from(each.base64, 'base64');
      yield { stream: each.stream, data: Buffer.concat([data, Buffer.from(newline)]) };
    }
    if (!wanted.stream || hasEnded || signal.aborted) return;
    const seen = await lookAt(onward, now.id);
    // The answer may have ended before what was written last: it is asked for once more.
    hasEnded = !('id' in seen) || !isUp(seen) || seen.startedAt !== now.startedAt;
    // Where the log is refused, or ends at once, it is not asked for without a pause.
    if (isSilent && !hasEnded) await systemClock.sleep(pollMs, signal);
  }
}

const isUp = ({ status }: ContainerView): boolean =>
  ['starting', 'running', 'paused', 'restarting', 'stopping'].includes(status);
const after = (time: string): string => new Date(Date.parse(time) + 1).toISOString();

/** Null when there will be none: its start came to nothing, it is gone, or nobody waits any more. */
async function nextRun(onward: Onward, before: ContainerView, signal: AbortSignal): Promise<ContainerView | null> {
  while (!signal.aborted) {
    const seen = await lookAt(onward, before.id);
    if (!('id' in seen)) return null;
    if (seen.startedAt !== null && seen.startedAt !== before.startedAt) return seen;
    if (seen.status === 'failed' && seen.observedGeneration > before.observedGeneration) return null;
    await systemClock.sleep(pollMs, signal);
  }
  return null;
}

/** Ends where the answer ends, whole or broken off: the next one goes on. */
async function* linesOf(onward: Onward, id: string, query: URLSearchParams, signal: AbortSignal) {
  const accept = ['Accept', 'application/x-ndjson'];
  const answer = await stream(onward, 'GET', `/v1/containers/${id}/logs?${query}`, undefined, accept);
  const leave = () => answer.destroy();
  signal.addEventListener('abort', leave, { once: true });
  try {
    if (answer.statusCode !== 200) return;
    for await (const text of createInterface({ input: answer })) {
      const read = readLine(text);
      if (read === null) return;
      yield read;
    }
  } catch {
    // Broken off: the next answer goes on behind the last whole line.
  } finally {
    signal.removeEventListener('abort', leave);
    answer.destroy();
  }
}

/** Null for what was cut in the middle. */
function readLine(text: string): z.output<typeof line> | null {
  try {
    return line.parse(JSON.parse(text));
  } catch {
    return null;
  }
}
