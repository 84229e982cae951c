/** The fake's time. A manual clock moves only when a test advances it, and runs what falls due on the way in order. */

export interface FakeClock {
  /** Milliseconds since the epoch. */
  now(): number;
  /** Runs the action once that time has come, unless the returned function was called before. */
  after(ms: number, action: () => void | Promise<void>): () => void;
}

export interface ManualClock extends FakeClock {
  /** Moves the clock, awaiting each action that falls due, and what follows from it in memory, before the next. */
  advance(ms: number): Promise<void>;
}

/** @param onError what an action of a timer throws */
export function realClock(onError: (error: unknown) => void): FakeClock {
  return {
    now: () => Date.now(),
    after(ms, action) {
      const timer = setTimeout(() => {
        Promise.resolve().then(action).catch(onError);
      }, ms);
      timer.unref();
      return () => clearTimeout(timer);
    },
  };
}

export function manualClock(start = Date.now()): ManualClock {
  let now = start;
  /** In the order in which they fall due; those of one moment in the order in which they were asked for. */
  const due: { at: number; action: () => void | Promise<void> }[] = [];
  return {
    now: () => now,
    after(ms, action) {
      const timer = { at: now + Math.max(0, ms), action };
      due.splice(due.findLastIndex(({ at }) => at <= timer.at) + 1, 0, timer);
      return () => {
        const index = due.indexOf(timer);
        if (index >= 0) due.splice(index, 1);
      };
    },
    async advance(ms) {
      await settled();
      const end = now + ms;
      for (let first = due[0]; first && first.at <= end; first = due[0]) {
        due.shift();
        now = Math.max(now, first.at);
        await first.action();
        await settled();
      }
      now = end;
    },
  };
}

const settled = () => new Promise<void>((resolve) => void setImmediate(resolve));

/** Resolves after that time on the clock; at once for no time. */
export function pause(clock: FakeClock, ms: number): Promise<void> {
  return ms <= 0 ? Promise.resolve() : new Promise((resolve) => void clock.after(ms, resolve));
}
