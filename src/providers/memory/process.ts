/** One pretended process: runs statements on the given clock, takes signals and input, ends once. Knows nothing of containers. */
import { constants } from 'node:os';
import type { Clock } from '../../domain/clock.ts';
import type { Immediate, Statement } from './script.ts';

export interface ProcessIo {
  clock: Clock;
  write(stream: 'stdout' | 'stderr', data: Uint8Array): void;
  /** Null: no input, as from /dev/null. */
  input: AsyncIterable<Uint8Array> | null;
  /** Called once, in the same turn in which it ended. */
  onExit(code: number): void;
}

const signalNumbers: Record<string, number> = Object.fromEntries(
  Object.entries(constants.signals).map(([name, number]) => [name.replace(/^SIG/, ''), number]),
);
/** Those in between have no other names. */
for (let step = 0; step <= 15; step++) {
  signalNumbers[step === 0 ? 'RTMIN' : `RTMIN+${step}`] = 34 + step;
  if (step < 15) signalNumbers[step === 0 ? 'RTMAX' : `RTMAX-${step}`] = 64 - step;
}
/** A name without SIG, or a number from 1 to 64. */
export const isSignal = (name: string): boolean => name in signalNumbers || /^([1-9]|[1-5]\d|6[0-4])$/.test(name);

/** Signals whose default is to do nothing here: ignored by POSIX, or job control. */
const harmless = new Set(['CHLD', 'CONT', 'URG', 'WINCH', 'STOP', 'TSTP', 'TTIN', 'TTOU']);

export class Process {
  readonly #io: ProcessIo;
  readonly #traps = new Map<string, Immediate[]>();
  readonly #ending = new AbortController();
  #pending: string[] = [];
  #pause: PromiseWithResolvers<void> | null = null;

  /** Runs the first statements, up to one that waits, before it returns. */
  constructor(statements: readonly Statement[], io: ProcessIo) {
    this.#io = io;
    this.#run(statements).catch(() => this.#end(1));
  }

  /**
   * Ends it with 128 + number unless trapped: as under an init, not as PID 1, for which the kernel drops signals without
   * a handler. KILL cannot be trapped; all others wait while paused.
   */
  signal(name: string): void {
    if (this.#ending.signal.aborted) return;
    const signal = Object.keys(signalNumbers).find((known) => signalNumbers[known] === Number(name)) ?? name;
    if (signal !== 'KILL' && this.#pause) {
      this.#pending.push(signal);
      return;
    }
    const trap = signal === 'KILL' ? undefined : this.#traps.get(signal);
    if (trap) for (const statement of trap) this.#perform(statement);
    else if (!harmless.has(signal)) this.#end(128 + (signalNumbers[signal] ?? Number(signal)));
  }

  pause(): void {
    this.#pause ??= Promise.withResolvers();
  }

  /** What was due meanwhile happens now, as with a frozen process. */
  unpause(): void {
    this.#pause?.resolve();
    this.#pause = null;
    const pending = this.#pending;
    this.#pending = [];
    for (const name of pending) this.signal(name);
  }

  async #run(statements: readonly Statement[]): Promise<void> {
    for (const statement of statements) {
      while (this.#pause) await this.#pause.promise;
      if (this.#ending.signal.aborted) return;
      if (statement.kind === 'sleep') await this.#sleep(statement.ms);
      else if (statement.kind === 'trap') this.#traps.set(statement.signal, statement.body);
      else if (statement.kind === 'cat') await this.#copyInput();
      else this.#perform(statement);
    }
    while (this.#pause) await this.#pause.promise;
    this.#end(0);
  }

  #sleep(ms: number): Promise<void> {
    if (Number.isFinite(ms)) return this.#io.clock.sleep(ms, this.#ending.signal);
    return new Promise(() => {});
  }

  async #copyInput(): Promise<void> {
    for await (const data of this.#io.input ?? []) this.#io.write('stdout', data);
  }

  #perform(statement: Immediate): void {
    if (this.#ending.signal.aborted) return;
    if (statement.kind === 'exit') this.#end(statement.code);
    else this.#io.write(statement.stream, new TextEncoder().encode(`${statement.text}\n`));
  }

  #end(code: number): void {
    if (this.#ending.signal.aborted) return;
    this.#ending.abort();
    this.#io.onExit(code);
  }
}
