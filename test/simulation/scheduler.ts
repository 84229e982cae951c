/**
 * Decides what happens next. Everything under simulation waits here, at its boundaries and on its clock; one waiter at a time
 * is let go, and runs until everything waits again. Between two steps nothing is in flight, so that choices alone make history.
 */
import type { Clock } from '../../src/domain/clock.ts';

/** Something that can fail as a whole. A frozen one makes no step; a dead one never again. */
export interface Owner {
  readonly name: string;
  state: 'alive' | 'frozen' | 'dead';
}

export interface Waiter {
  owner: Owner;
  label: string;
  /** Earliest time at which it may go on, in milliseconds. */
  at: number;
  resume(): void;
}

/** The label of those who wait for time to pass. */
const WAKES = 'wakes';

export interface TraceLine {
  at: number;
  who: string;
  what: string;
}

export class Scheduler {
  now: number;
  readonly trace: TraceLine[] = [];
  #waiters: Waiter[] = [];

  constructor(now: number) {
    this.now = now;
  }

  note(who: string, what: string): void {
    this.trace.push({ at: this.now, who, what });
  }

  /** Waits for its turn; for ever when the owner dies. */
  point(owner: Owner, label: string): Promise<void> {
    return new Promise((resume) => this.#waiters.push({ owner, label, at: this.now, resume }));
  }

  /** A process's clock: true time, which only the simulation moves, and how wrong it is. */
  clockOf(owner: Owner, skewMs = 0): Clock {
    return {
      now: () => this.now + skewMs,
      sleep: (ms, signal) =>
        new Promise((resolve) => {
          if (signal?.aborted) return resolve();
          const waiter: Waiter = { owner, label: WAKES, at: this.now + ms, resume: resolve };
          this.#waiters.push(waiter);
          signal?.addEventListener(
            'abort',
            () => {
              waiter.at = this.now;
            },
            { once: true },
          );
        }),
    };
  }

  /** Who may go on now, in the order in which they began to wait. */
  ready(): Waiter[] {
    return this.#waiters.filter(({ owner, at }) => owner.state === 'alive' && at <= this.now);
  }

  /** When the next one alive may go on; null when nobody waits. */
  nextAt(): number | null {
    const times = this.#waiters.filter(({ owner }) => owner.state === 'alive').map(({ at }) => at);
    return times.length === 0 ? null : Math.min(...times);
  }

  /** Lets one go on, until everything waits again. */
  async step(waiter: Waiter): Promise<void> {
    this.#waiters.splice(this.#waiters.indexOf(waiter), 1);
    this.note(waiter.owner.name, waiter.label);
    waiter.resume();
    await this.rest();
  }

  /** Until what was set going waits again. */
  rest(): Promise<void> {
    return idle();
  }

  /** Its waiters never go on. */
  bury(owner: Owner): void {
    owner.state = 'dead';
    this.#waiters = this.#waiters.filter((waiter) => waiter.owner !== owner);
  }
}

/** Nothing under simulation waits for anything but microtasks, the in-process database included: a turn of the event loop drains them. */
function idle(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve));
}
