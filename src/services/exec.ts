/** Commands inside a running container: as a live session, or run to their end with their output gathered. */
import type { Ctx, Deps } from '../context.ts';
import { spendKey } from '../db/idempotency.ts';
import type { Container } from '../domain/container.ts';
import { AppError } from '../domain/errors.ts';
import type { ExecSpec } from '../domain/exec.ts';
import { lacking } from '../domain/features.ts';
import { isTimeUp } from '../domain/time-is-up.ts';
import type { Session } from '../providers/provider.ts';
import { authorize } from './authorize.ts';
import { liveContainer, runOf } from './live-run.ts';

export type { Session };

/** Of each stream; the rest is read and dropped, so that the command can go on. */
const MAX_OUTPUT_BYTES = 1024 * 1024;

/** A session lasts as long as its command, but must begin within this time. */
const BEGIN_MS = 20_000;

export interface CommandInput extends Omit<ExecSpec, 'stdin'> {
  /** Written to its standard input, which then ends; without it there is none. */
  stdin?: string | undefined;
  timeoutSeconds: number;
}

export interface ExecResult {
  /** 126 and 127 where the command cannot run or is not there; null when the provider could not tell. */
  exitCode: number | null;
  stdout: string;
  stderr: string;
  truncated: boolean;
}

/** The session ends with the signal. Throws forbidden, not_found, unsupported, and conflict naming the state. */
export async function openExec(
  deps: Deps,
  ctx: Ctx,
  reference: string,
  spec: ExecSpec,
  signal: AbortSignal,
): Promise<Session> {
  authorize(ctx.principal, 'write');
  return open(deps, await liveContainer(deps, ctx, reference, 'exec'), spec, signal);
}

async function open(deps: Deps, container: Container, spec: ExecSpec, signal: AbortSignal): Promise<Session> {
  if (!deps.provider.exec) throw lacking(deps.provider.name, 'exec');
  const begun = new AbortController();
  const late = new AbortController();
  void deps.clock.sleep(BEGIN_MS, begun.signal).then(() => {
    if (!begun.signal.aborted) late.abort(new DOMException('The session did not begin in time', 'TimeoutError'));
  });
  try {
    return await deps.provider.exec(runOf(container), spec, { signal: AbortSignal.any([signal, late.signal]) });
  } finally {
    begun.abort();
  }
}

/**
 * Under an Idempotency-Key the command runs at most once. Throws as openExec does, and timeout when it does not end in
 * time; its session is closed then, and what it started may go on in the container.
 */
export async function runCommand(
  deps: Deps,
  ctx: Ctx,
  reference: string,
  input: CommandInput,
  signal: AbortSignal,
): Promise<ExecResult> {
  authorize(ctx.principal, 'write');
  const container = await liveContainer(deps, ctx, reference, 'exec');
  if (ctx.claim) await spendKey(deps.db, container.tenantId, ctx.claim, container.id);
  const { stdin, timeoutSeconds, ...spec } = input;
  const deadline = AbortSignal.timeout(timeoutSeconds * 1000);
  const within = AbortSignal.any([signal, deadline]);
  const session = await open(deps, container, { ...spec, stdin: stdin !== undefined }, within);
  try {
    const [output] = await Promise.all([gather(session), stdin === undefined ? null : writeAll(session, stdin)]);
    const exitCode = await session.exit;
    if (isTimeUp(signal)) {
      throw new AppError('timeout', 'The command did not end before this process had to; its session was closed');
    }
    if (!deadline.aborted) return { ...output, exitCode };
    throw new AppError('timeout', `The command did not end within ${timeoutSeconds} seconds; its session was closed`);
  } finally {
    session.close();
  }
}

/** A command need not read what it is given: that it takes no more of it is no failure. */
async function writeAll(session: Session, text: string): Promise<void> {
  try {
    await session.write(Buffer.from(text));
    await session.endInput();
  } catch (error) {
    if (!(error instanceof AppError && error.code === 'conflict')) throw error;
  }
}

async function gather(session: Session): Promise<Omit<ExecResult, 'exitCode'>> {
  const stdout = new CappedText();
  const stderr = new CappedText();
  for await (const { stream, data } of session.output) (stream === 'stdout' ? stdout : stderr).add(data);
  return { stdout: stdout.end(), stderr: stderr.end(), truncated: stdout.truncated || stderr.truncated };
}

class CappedText {
  readonly #decoder = new TextDecoder();
  #text = '';
  #room = MAX_OUTPUT_BYTES;
  truncated = false;

  add(data: Uint8Array): void {
    const taken = data.subarray(0, this.#room);
    this.#text += this.#decoder.decode(taken, { stream: true });
    this.#room -= taken.length;
    if (taken.length < data.length) this.truncated = true;
  }

  /** Half a character where the text was cut is left out. */
  end(): string {
    return this.truncated ? this.#text : this.#text + this.#decoder.decode();
  }
}
